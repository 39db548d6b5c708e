"""The command line of `./aktivat up`: what it takes, and the one sentence for each refusal."""

import socket
from pathlib import Path

import pytest

from aktivat_site.up.options import hold, read
from tests.stack import free_web_port


def refusal(*arguments: str, **environ: str) -> str:
    with pytest.raises(SystemExit) as refused:
        read(arguments, environ)
    assert isinstance(refused.value.code, str)
    assert "\n" not in refused.value.code
    return refused.value.code


def test_what_is_said_wins_over_the_environment(tmp_path: Path) -> None:
    port = str(free_web_port())
    environ = {"AKTIVAT_DATA": str(tmp_path / "env"), "AKTIVAT_PUBLIC_URL": "https://env.example.com"}
    options = read(["--port", port], environ)
    assert (options.data, options.public_url) == (tmp_path / "env", "https://env.example.com")
    said = ["--port", port, "--data", str(tmp_path / "said"), "--public-url", "https://said.example.com/", "--no-demo"]
    options = read(said, environ)
    assert (options.data, options.public_url) == (tmp_path / "said", "https://said.example.com")
    assert not options.demo


@pytest.mark.parametrize(
    ("host", "public", "local"),
    [
        ("127.0.0.1", "http://127.0.0.1:{port}", "http://127.0.0.1:{port}"),
        ("localhost", "http://localhost:{port}", "http://localhost:{port}"),
    ],
)
def test_the_address_follows_from_the_host(tmp_path: Path, host: str, public: str, local: str) -> None:
    port = free_web_port()
    options = read(["--host", host, "--port", str(port), "--data", str(tmp_path)], {})
    assert options.public_url == public.format(port=port)
    assert options.local_url == local.format(port=port)


def test_every_address_is_listened_on_only_with_a_public_url(tmp_path: Path) -> None:
    port = str(free_web_port())
    assert refusal("--host", "0.0.0.0", "--port", port, "--data", str(tmp_path)) == (
        "--host 0.0.0.0 listens on every address: say how browsers reach this server, "
        f"./aktivat up --host 0.0.0.0 --public-url http://stats.example.com:{port}"
    )
    with_url = ["--host", "0.0.0.0", "--public-url", "http://stats.example.com:81"]
    options = read([*with_url, "--port", port, "--data", str(tmp_path)], {})
    assert options.local_url == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    "url",
    [
        "stats.example.com",
        "ftp://stats.example.com",
        "https://stats.example.com/path",
        "https://stats.example.com?a=1",
        "https://user@stats.example.com",
        "https://stats.example.com:port",
        "https://",
    ],
)
def test_a_bad_public_url_is_refused(tmp_path: Path, url: str) -> None:
    assert refusal("--public-url", url, "--data", str(tmp_path)).startswith(f"The public URL {url} is not one: say ")


def test_a_port_in_use_is_refused_with_a_free_one(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refusal("--port", str(port), "--data", str(tmp_path))
    start = f"Port {port} is in use: choose another, ./aktivat up --port "
    assert said.startswith(start)
    assert read(["--port", said.removeprefix(start), "--data", str(tmp_path)], {}).port > port


def test_a_port_that_cannot_be_is_refused(tmp_path: Path) -> None:
    assert refusal("--port", "70000", "--data", str(tmp_path)).startswith("There is no port 70000: choose one")
    assert refusal("--port", "web", "--data", str(tmp_path)).startswith("Argument --port: invalid int value: 'web': ")


def test_a_host_of_another_machine_is_refused(tmp_path: Path) -> None:
    assert refusal("--host", "192.0.2.1", "--data", str(tmp_path)).startswith("192.0.2.1 is not an address of this")


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert refusal("--data", str(file)).startswith(f"The data folder {file} cannot be written (")
    assert refusal("--data", str(file / "below")).endswith("make it yours, or choose another, ./aktivat up --data DIR")


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with hold(tmp_path):
        assert refusal("--data", str(tmp_path)).startswith(f"Aktivat runs on {tmp_path} already: stop it first")


def test_an_unknown_option_is_refused() -> None:
    assert refusal("--prot", "8001") == (
        "Unrecognized arguments: --prot 8001: ./aktivat up --help shows what can be said."
    )

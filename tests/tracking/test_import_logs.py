"""Access logs: which lines are visits, and that each counts once however often and however far a file is read."""

import gzip
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from properties.models import Property
from tests.pipeline import drain, everything, raw
from tests.stack import BROWSER
from tracking import log_import
from tracking.bitmaps.traits import event
from tracking.keys import Keys
from tracking.sources.access_log import NO_LINE, NOT_SEEN, ROBOT, STATIC_FILE, Visit, visit

PARIS = "[24/Nov/2026:13:30:00 +0100]"
AT = 1_795_523_400_000


def line(
    target: str = "/a", address: str = "203.0.113.7", agent: str = BROWSER, status: int = 200, method: str = "GET"
) -> str:
    return f'{address} - - {PARIS} "{method} {target} HTTP/1.1" {status} 512 "https://news.example/" "{agent}"\n'


def test_a_line_is_read() -> None:
    assert visit(line("/a?utm_source=x")) == Visit(
        "203.0.113.7", AT, "pageview", "/a?utm_source=x", "https://news.example/", BROWSER
    )
    common = f'2001:db8::7 - ada lovelace {PARIS} "GET / HTTP/2.0" 304 -'
    assert visit(common) == Visit("2001:db8::7", AT, "pageview", "/", "", "")
    quoted = line(agent='Mozilla \\"5.0\\"')
    found = visit(quoted)
    assert isinstance(found, Visit)
    assert found.user_agent == 'Mozilla "5.0"'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", NO_LINE),
        ("x" * 100_000, NO_LINE),
        (line().replace("Nov", "Nix"), NO_LINE),
        (line("/style.css?v=2"), STATIC_FILE),
        (line("/LOGO.PNG"), STATIC_FILE),
        (line("/.env"), STATIC_FILE),
        (line("/robots.txt"), STATIC_FILE),
        (line("/api/cart"), STATIC_FILE),
        (line(status=404), NOT_SEEN),
        (line(status=301), NOT_SEEN),
        (line(method="POST"), NOT_SEEN),
        (line("http://elsewhere.example/"), NOT_SEEN),
        (line(agent="Mozilla/5.0 (compatible; Googlebot/2.1)"), ROBOT),
        (line(agent="-"), ROBOT),
    ],
)
def test_what_is_no_visit_is_left_out(text: str, reason: str) -> None:
    assert visit(text) == reason


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """2,000 views of two visitors, a download, and what is left out."""
    views = [line(f"/page/{n % 7}", address=f"203.0.113.{n % 2}") for n in range(2000)]
    rest = [
        line("/style.css"),
        line("/named", address="host.example.com"),
        line("/price.pdf"),
        line(status=500),
        "no line\n",
    ]
    path = tmp_path / "access.log"
    path.write_text("".join(views + rest))
    return path


def run(prop: Property, *files: Path) -> str:
    out = StringIO()
    call_command("import_logs", str(prop.id), *map(str, files), stdout=out)
    drain(prop)
    return out.getvalue()


def views(prop: Property) -> dict[int, int]:
    """visitor -> page views, by the bitmaps and tallies of the day."""
    return everything(prop).get(("2026-11-24", "events", event("pageview")), {})


def test_a_log_is_counted_once(prop: Property, log: Path, tmp_path: Path) -> None:
    told = run(prop, log)
    assert "2,005 new lines, 2,002 events." in told
    assert "1 left out: lines in no known format" in told
    assert sorted(views(prop).values()) == [1, 1000, 1000]
    found = everything(prop)
    assert list(found[("2026-11-24", "events", event("file_download"))].values()) == [1]
    assert ("2026-11-24", "events", "page:/page/3") in found
    packed = tmp_path / "access.log.1.gz"
    packed.write_bytes(gzip.compress(log.read_bytes()))
    for again in (log, packed):
        assert "0 new lines, 0 events." in run(prop, again)
    assert found == everything(prop)


def test_it_goes_on_where_the_file_has_grown(prop: Property, log: Path) -> None:
    with log.open("a") as file:
        file.write(line("/late")[:-20])
    run(prop, log)
    with log.open("a") as file:
        file.write(line("/late")[-20:] + line("/later"))
    assert "2 new lines, 2 events." in run(prop, log)
    assert sum(views(prop).values()) == 2003


def test_it_goes_on_after_an_interruption(prop: Property, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = log_import._parts

    def broken(file: object) -> object:
        yield next(iter(parts(file)))  # type: ignore[arg-type]
        raise OSError("The disk is gone.")

    with monkeypatch.context() as patch:
        patch.setattr(log_import, "_parts", broken)
        with pytest.raises(CommandError, match="The disk is gone"):
            run(prop, log)
    assert "1,005 new lines, 1,002 events." in run(prop, log)
    assert sorted(views(prop).values()) == [1, 1000, 1000]


def test_excluded_addresses_are_left_out_and_no_address_is_kept(prop: Property, log: Path) -> None:
    prop.excluded_addresses = "203.0.113.1"
    prop.save()
    out = StringIO()
    call_command("import_logs", str(prop.id), str(log), stdout=out)
    assert "1,000 left out: The sender's address is one that you excluded" in out.getvalue()
    assert b"203.0.113" not in b"".join(
        raw().dump(key) for key in raw().scan_iter(f"{Keys(prop.account_id, prop.id).prefix}*")
    )
    drain(prop)
    assert sorted(views(prop).values()) == [1, 1000]


def test_what_cannot_be_read_is_told(prop: Property, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gz"
    broken.write_bytes(gzip.compress(line().encode() * 100)[:-10])
    for wrong, words in [(tmp_path / "missing", "No such file"), (broken, "ended before"), (tmp_path, "directory")]:
        with pytest.raises(CommandError, match=words):
            run(prop, wrong)
    with pytest.raises(CommandError, match="no property 99"):
        call_command("import_logs", "99", "x")

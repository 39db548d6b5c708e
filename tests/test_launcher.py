"""./aktivat itself, in a copy of its own: the virtual environment, the lock file, the refusals.

The packages it installs are made here, so that no network is needed.
"""

import ast
import base64
import hashlib
import os
import runpy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.stack import ROOT


def make_wheel(folder: Path, version: str) -> str:
    """A wheel of one empty module in `folder`; its hash."""
    info = f"tiny-{version}.dist-info"
    files = {
        "tiny.py": f"version = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = [f"{name},sha256={_digest(text)},{len(text)}" for name, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,\n"])
    path = folder / f"tiny-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


class Copy:
    """A repository with nothing but the launcher, a lock file and a manage.py that tells what is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / "programs"
        self.programs.mkdir()
        shutil.copy(ROOT / "aktivat", folder / "aktivat")
        (folder / "manage.py").write_text(
            "import os, sys, tiny; print('tiny', tiny.version, sys.argv[1:], os.environ['AKTIVAT_DATA'])\n"
        )
        self.lock("1.0")

    def lock(self, version: str, digest: str = "", name: str = "requirements.lock") -> None:
        digest = digest or make_wheel(self.folder, version)
        source = f"--no-index\n--find-links {self.folder}\n"
        (self.folder / name).write_text(f"{source}tiny=={version} \\\n    --hash=sha256:{digest}\n")

    def program(self, name: str, script: str) -> None:
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AKTIVAT_")}
        return subprocess.run(
            [sys.executable, str(self.folder / "aktivat"), *arguments],
            env={**kept, "PATH": f"{self.programs}:/usr/bin:/bin"},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


@pytest.fixture(scope="module")
def launcher() -> dict[str, Any]:
    """The launcher's functions."""
    return runpy.run_path(str(ROOT / "aktivat"))


def test_an_old_python_can_read_it() -> None:
    ast.parse((ROOT / "aktivat").read_text(), feature_version=(3, 6))


def test_an_old_python_gets_a_sentence(launcher: dict[str, Any]) -> None:
    assert [launcher["is_too_old"](version) for version in ((3, 6), (3, 10), (3, 11), (3, 14))] == [
        True,
        True,
        False,
        False,
    ]
    sentence = launcher["too_old"]((3, 9))
    assert sentence.startswith("Aktivat needs Python 3.11 or newer and this is 3.9: install a newer one")
    assert "\n" not in sentence


def test_it_installs_when_the_lock_file_changes_and_only_then(copy: Copy) -> None:
    first = copy.run("manage", "--data", "elsewhere", "check")
    assert first.returncode == 0, first.stderr
    assert "Fetching package 1 of 1: tiny" in first.stdout
    assert first.stdout.endswith(f"tiny 1.0 ['check'] {copy.folder / 'elsewhere'}\n")
    again = copy.run("manage", "check")
    assert again.stdout == f"tiny 1.0 ['check'] {copy.folder / 'data'}\n"
    copy.lock("2.0")
    assert "tiny 2.0" in copy.run("manage").stdout
    # The tests' packages hold what `up` needs: installing those changes nothing for it.
    copy.lock("2.0", name="requirements-dev.lock")
    (copy.folder / "bench").mkdir()
    (copy.folder / "bench" / "speed.py").write_text("print('measured')\n")
    assert "measured" in copy.run("bench", "speed").stdout
    assert copy.run("manage").stdout.startswith("tiny 2.0")


def test_a_package_that_is_not_what_the_lock_names_is_refused(copy: Copy) -> None:
    make_wheel(copy.folder, "3.0")
    copy.lock("3.0", digest="0" * 64)
    done = copy.run("manage", "check")
    assert done.returncode == 1
    assert "The packages could not be installed: check the network, then run ./aktivat again" in done.stderr
    assert "tiny 3.0" not in done.stdout


def test_pip_steps_in_when_uv_fails(copy: Copy) -> None:
    copy.program("uv", "exit 1")
    done = copy.run("manage", "check")
    assert "uv could not install the packages" in done.stdout
    assert "tiny 1.0" in done.stdout


def test_a_virtual_environment_without_its_python_is_made_again(copy: Copy) -> None:
    assert copy.run("manage").returncode == 0
    python = copy.folder / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(copy.folder / "gone")
    assert "tiny 1.0" in copy.run("manage").stdout


def test_the_repository_must_be_writable(copy: Copy) -> None:
    (copy.folder / ".venv").write_text("a file where the folder should be")
    done = copy.run("manage", "check")
    assert done.returncode == 1
    assert done.stderr.startswith(f"The folder {copy.folder} cannot be written (")


def test_a_benchmark_that_is_missing_is_named_with_those_there_are(copy: Copy) -> None:
    (copy.folder / "bench").mkdir()
    (copy.folder / "bench" / "speed.py").write_text("")
    done = copy.run("bench", "size")
    assert (done.returncode, done.stderr) == (1, "There is no benchmark size. There is: speed.\n")
    assert copy.run("bench").stdout == "Benchmarks: speed.\n"


def test_an_unknown_command_is_refused_and_none_shows_the_usage(copy: Copy) -> None:
    assert copy.run("start").stderr == "There is no command start: say up, manage, test or bench.\n"
    assert copy.run().stdout.startswith("usage: ./aktivat up ")

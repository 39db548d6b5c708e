"""Real Chromium for the tests: the system's, or one that is installed when there is none.

`./aktivat test` runs this file before pytest, so that a missing browser stops it with a sentence.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Without a window it calls itself HeadlessChrome, and robots are not counted.
    "--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0"
    " Safari/537.36",
]


def installed() -> Path | None:
    """The browser that is there: on the PATH, else the one Playwright has."""
    for name in NAMES:
        if path := shutil.which(name):
            return Path(path)
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    return own if own.exists() else None


@cache
def find_or_install() -> Path:
    """A browser, by Playwright's own download or, as root on Debian, its package. Raises SystemExit without one."""
    if found := installed():
        return found
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        attempts += [["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "chromium"]]
    for command in attempts:
        print("Looking for a browser:", " ".join(command), flush=True)
        subprocess.run(command, check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        if found := installed():
            return found
    raise SystemExit("There is no Chromium: install it (Debian: sudo apt install chromium), then run the tests again.")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser. It is closed before others of the same thread start: Playwright allows only one.

    While it runs Django takes the thread for an asynchronous one, and refuses its database.
    """
    path = find_or_install()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


if __name__ == "__main__":
    print(f"The browser of the tests: {find_or_install()}")

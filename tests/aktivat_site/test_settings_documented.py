"""Every variable that Aktivat reads is in docs/settings.md, and the other way round."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = ("accounts", "aktivat_site", "cluster", "dashboards", "demo", "properties", "tracking")
VARIABLE = re.compile(r"\bAKTIVAT_[A-Z][A-Z_]*[A-Z]\b")
# env.secret reads NAME and also NAME_FILE.
READ_FROM_A_FILE = {"AKTIVAT_SECRET_KEY_FILE"}


def test_code_and_page_name_the_same_variables() -> None:
    files = [file for app in APPS for file in (ROOT / app).rglob("*.py")]
    in_code = {name for file in files for name in VARIABLE.findall(file.read_text())}
    headings = re.findall(
        r"^## `(AKTIVAT_\w+)`(?:, `(AKTIVAT_\w+)`)?$", (ROOT / "docs" / "settings.md").read_text(), re.M
    )
    on_page = {name for pair in headings for name in pair if name}
    assert on_page == in_code | READ_FROM_A_FILE

"""Pages that count as one: `/product/:id`, `/blog/*`, `/shop/** -> Shop`. Pure.

`*` and `:name` stand for one part of a path, `**` at the end for any rest. The first pattern that
fits gives the page its name: the one behind `->`, or else the pattern itself.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

MOST_RULES = 200


@dataclass(frozen=True)
class Rule:
    pattern: str
    name: str

    def regex(self) -> str:
        parts = [_part(part) for part in self.pattern.split("/")[1:]]
        return "".join(f"/{part}" if part != "**" else "(?:/.*)?" for part in parts) + "/?"


class Grouping:
    """What page a path is, by rules of which the first that fits decides."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        compiled = [(re.compile(rule.regex()), rule.name) for rule in rules]

        @lru_cache(maxsize=8192)
        def page(path: str) -> str:
            return next((name for regex, name in compiled if regex.fullmatch(path)), path)

        self._page = page

    def page(self, path: str) -> str:
        return self._page(path) if self.rules else path


def parse(text: str) -> Grouping:
    """The rules of lines `pattern` or `pattern -> name`. Raises ValueError naming the line."""
    rules = [_rule(line) for line in filter(None, map(str.strip, text.splitlines()))]
    if len(rules) > MOST_RULES:
        raise ValueError(f"{len(rules)} patterns; {MOST_RULES} at most.")
    return Grouping(rules)


def _rule(line: str) -> Rule:
    pattern, arrow, name = (part.strip() for part in line.partition("->"))
    if not pattern.startswith("/"):
        raise ValueError(f"{line!r}: a pattern begins with a slash, as /product/:id.")
    if "**" in pattern and not pattern.endswith("/**"):
        raise ValueError(f"{line!r}: ** stands for the rest of a path, so only at its end.")
    if pattern.count("**") > 1 or any(part.count("*") > 1 for part in pattern.removesuffix("/**").split("/")):
        raise ValueError(f"{line!r}: one * in each part of a path, and one ** in all.")
    if arrow and not name:
        raise ValueError(f"{line!r}: behind -> stands the name of the page.")
    return Rule(pattern, name or pattern)


def _part(part: str) -> str:
    if part == "**":
        return part
    if part.startswith(":"):
        return "[^/]+"
    any_text = "[^/]+" if part == "*" else "[^/]*"
    return any_text.join(re.escape(piece) for piece in part.split("*"))

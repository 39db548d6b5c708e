"""Which of today's pages fall into which group, before the rules are saved. Pure.

Pages that today's rules have grouped already stand there under the name of their group.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from properties.grouping import Grouping

EXAMPLES = 3
MOST_GROUPS = 20


@dataclass(frozen=True)
class Group:
    """`pages`: those that count as one under `name`, the most viewed first. `views`: theirs together, of today."""

    name: str
    pages: tuple[str, ...]
    views: int

    @property
    def examples(self) -> Sequence[str]:
        return self.pages[:EXAMPLES]

    @property
    def more(self) -> int:
        return len(self.pages) - len(self.examples)


@dataclass(frozen=True)
class Preview:
    """`groups`: the most viewed. `alone`: how many pages no rule takes. `unused`: patterns that take no page."""

    groups: tuple[Group, ...]
    alone: int
    unused: tuple[str, ...]


def preview(grouping: Grouping, views: Mapping[str, int]) -> Preview:
    """`views`: path -> views."""
    names = {rule.name for rule in grouping.rules}
    found: dict[str, list[str]] = {}
    for path in sorted(views, key=lambda path: (-views[path], path)):
        found.setdefault(grouping.page(path), []).append(path)
    groups = [
        Group(name, tuple(pages), sum(views[page] for page in pages)) for name, pages in found.items() if name in names
    ]
    groups.sort(key=lambda group: (-group.views, group.name))
    return Preview(
        groups=tuple(groups[:MOST_GROUPS]),
        alone=sum(len(pages) for name, pages in found.items() if name not in names),
        unused=tuple(rule.pattern for rule in grouping.rules if rule.name not in found),
    )

"""What a property decides about its events: the rules that the steps of ingestion follow. Pure."""

from dataclasses import dataclass

from properties.grouping import Grouping
from tracking.arrival import path_of
from tracking.enrichment.scrubbing import scrub
from tracking.sessions import GAP_MS

NO_GROUPS = Grouping([])


@dataclass(frozen=True)
class Rules:
    """`kept_parameters`: query parameters that are never scrubbed. `attributes`: those that become traits.

    `session_gap`: ms without an event that end a session. `names_a_day`: distinct values a family of
    traits may have in a day; the others count under `(other)`. `sessions_kept`: ms that sessions are
    known here; older ones are asked of the archive.
    """

    kept_parameters: frozenset[str] = frozenset()
    grouping: Grouping = NO_GROUPS
    attributes: tuple[str, ...] = ()
    session_gap: int = GAP_MS
    names_a_day: int = 5_000
    sessions_kept: int = 48 * 3_600_000

    def clean(self, url: str) -> str:
        """`url` without personal data and secrets."""
        return scrub(url, self.kept_parameters)

    def page(self, url: str) -> str:
        """The page of a cleaned address, as the property groups them."""
        return self.grouping.page(path_of(url))


DEFAULT = Rules()

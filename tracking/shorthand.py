"""The traits of a session as they are kept: what they have in common with all others is one letter. Pure.

    everyone                           E
    src:google::cpg:spring             S           source and campaign are kept beside it
    src:(other)::cpg:(none)            :src:(other)::cpg:(none)     where there are too many to be named
    chan:Paid Search                   cPaid Search
    cfg:version:chrome 142             vchrome 142
    cfg:type:mobile                    M
    lang:en-GB                         len-GB
    who:new                            N

Letters are kept for as long as visitors' records: one that was given is not given to anything else.
"""

from functools import lru_cache

from tracking.bitmaps import traits
from tracking.bitmaps.notes import TraitSet

AS_IT_IS = ":"
CAME = "S"
LETTERS = {
    traits.EVERYONE: "E",
    traits.NEW: "N",
    traits.RETURNING: "R",
    "cfg:type:desktop": "D",
    "cfg:type:mobile": "M",
    "cfg:type:tablet": "T",
    "chan:": "c",
    "ref:": "r",
    "utm:source:": "u",
    "utm:medium:": "m",
    "utm:campaign:": "g",
    "utm:term:": "w",
    "utm:content:": "o",
    "cfg:browser:": "b",
    "cfg:version:": "v",
    "cfg:platform:": "p",
    "cfg:type:": "t",
    "cfg:resolution:": "x",
    "lang:": "l",
    "geo:": "n",
    "city:": "y",
}
BEGINNINGS = {letter: beginning for beginning, letter in LETTERS.items()}


@lru_cache(maxsize=16384)
def short(some: TraitSet, came: tuple[str, str]) -> str:
    """`came`: source and campaign."""
    source = traits.source(*came)
    return "\n".join([CAME if trait == source else _short(trait) for trait in some.split("\n")])


@lru_cache(maxsize=16384)
def whole(kept: str, came: tuple[str, str]) -> TraitSet:
    """What `short` has made shorter."""
    return "\n".join([traits.source(*came) if line == CAME else _whole(line) for line in kept.split("\n")])


def _short(trait: str) -> str:
    first = trait.find(":") + 1
    second = trait.find(":", first) + 1
    for end in (len(trait), second, first):
        if letter := LETTERS.get(trait[:end]):
            return letter + trait[end:]
    return AS_IT_IS + trait


def _whole(line: str) -> str:
    return line[1:] if line.startswith(AS_IT_IS) else BEGINNINGS[line[0]] + line[1:]

"""User-perceived characters: the unit that is streamed and counted (UAX #29)."""

import regex

# \X is an extended grapheme cluster, the Indic conjuncts of Unicode 15.1 (GB9c) included.
CLUSTER = regex.compile(r"\X")


def split(text: str) -> list[str]:
    """The graphemes of `text`; joined, they are `text` again."""
    return CLUSTER.findall(text)


def count(text: str) -> int:
    """How many graphemes `text` has."""
    return sum(1 for _ in CLUSTER.finditer(text))

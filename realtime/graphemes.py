"""Graphemes (UAX #29): characters as a person sees them. Texts are streamed and counted in them."""

import regex

# \X is an extended grapheme cluster, the Indic conjuncts of Unicode 15.1 (GB9c) included.
CLUSTER = regex.compile(r"\X")


def split(text: str) -> list[str]:
    """The graphemes of `text`. Joined, they are `text` again."""
    return CLUSTER.findall(text)


def count(text: str) -> int:
    """The number of graphemes in `text`."""
    return sum(1 for _ in CLUSTER.finditer(text))

"""The marks in cursors are random, so a worker sends other cursors than the examples show."""

import re

CURSOR = re.compile(r"\b([0-9a-f]{1,16}:[0-9]{1,18}):[0-9a-f]{12}\b")


class Cursors:
    """The cursors of a worker, by the cursors that the examples show for them."""

    def __init__(self) -> None:
        self.real: dict[str, str] = {}

    def learn(self, shown: str, came: str) -> None:
        """Pairs the cursors of two texts by epoch and seq. A shown cursor has one partner: if
        another one comes for it later, that is a difference."""
        found = {match[1]: match[0] for match in CURSOR.finditer(came)}
        for match in CURSOR.finditer(shown):
            if match[1] in found:
                self.real.setdefault(match[0], found[match[1]])

    def with_real(self, shown: str) -> str:
        """A text of an example with the cursors of the worker."""
        return CURSOR.sub(lambda match: self.real.get(match[0], match[0]), shown)

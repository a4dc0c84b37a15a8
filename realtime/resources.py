"""What somebody holds for as long as they are connected."""

from contextlib import AbstractContextManager
from typing import Any


class Held(list[AbstractContextManager[Any]]):
    """What is let go of in the end, the newest first. As contextlib.ExitStack, which takes 2 KB
    for what a socket holds."""

    __slots__ = ()

    def enter(self, context: AbstractContextManager[Any]) -> None:
        """Holds one more."""
        context.__enter__()
        self.append(context)

    def close(self) -> None:
        """Lets go of all, even if one of them fails."""
        try:
            while self:
                self.pop().__exit__(None, None, None)
        finally:
            if self:
                self.close()

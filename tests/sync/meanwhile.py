"""What happens in the middle of things: observers that act when the engine reports progress."""

from __future__ import annotations

from collections.abc import Callable

from sync.reports import Silent


class Meanwhile(Silent):
    """Does one thing the ``nth`` time that the engine reports progress on a piece of work, then nothing more."""

    def __init__(self, what: str, action: Callable[[], object], *, nth: int = 1) -> None:
        self._what = what
        self._action = action
        self._left = nth

    def advanced(self, what: str, done: int) -> None:
        """Acts when it is time."""
        if what == self._what and self._left > 0:
            self._left -= 1
            if self._left == 0:
                self._action()

"""Values whose every method raises, for functions that never do."""

from __future__ import annotations


class Hostile:
    """An object that raises whatever is asked of it."""

    def _refuse(self, *args):  # pragma: no cover - that nobody asks is what the tests want
        raise RuntimeError("asked")

    __str__ = __repr__ = __eq__ = __hash__ = __bool__ = __len__ = __format__ = __int__ = __index__ = _refuse
    __class__ = property(_refuse)


class HostileText(str):
    """Text with methods that raise."""

    __str__ = __repr__ = __eq__ = __hash__ = __bool__ = __len__ = __format__ = Hostile._refuse
    isascii = isdigit = Hostile._refuse


class HostileNumber(int):
    """A number with methods that raise."""

    __str__ = __repr__ = __eq__ = __hash__ = __bool__ = __lt__ = __gt__ = __le__ = __ge__ = __int__ = Hostile._refuse

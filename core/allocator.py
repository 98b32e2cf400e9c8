"""How the C library hands out memory: in few places, and back to the system once it is free.

It knows nothing of what the memory is for. Where there is no glibc, it changes nothing.
"""

import ctypes
from contextlib import suppress

_ARENAS, _MAPPED_FROM, _KEPT_ON_TOP = -8, -3, -1
"""glibc's numbers of these parameters."""
_SETTINGS = (
    # Otherwise each thread gets an arena of its own, and of all of them 30 MB lie between what is in use. Python's lock
    # lets one thread at a time allocate anyway, numpy's work on large arrays apart.
    (_ARENAS, 1),
    # A large piece is mapped by itself and goes back the moment it is free. Left to itself, glibc stops that from the size
    # of the largest piece ever freed on, which is 20 MB once the models are read. A question's arrays are smaller.
    (_MAPPED_FROM, 256 << 10),
    (_KEPT_ON_TOP, 4 << 20),
)


def hold_little() -> None:
    """Call it before threads and large parts are there: what is handed out already stays where it is."""
    with suppress(AttributeError, OSError):
        library = ctypes.CDLL(None)
        for parameter, value in _SETTINGS:
            library.mallopt(parameter, value)


def give_back() -> None:
    """What was needed for a moment goes back to the system. It takes some milliseconds, in which no thread allocates."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)

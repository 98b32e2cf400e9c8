"""The frames between the service and the process that reads files: four bytes of length, then JSON.

It does not know what they say.
"""

from typing import BinaryIO


def write_frame(out: BinaryIO, frame: bytes) -> None:
    out.write(len(frame).to_bytes(4, "big") + frame)


def read_frame(pipe: BinaryIO) -> bytes | None:
    """The next frame, or None where the writer ended before it was whole."""
    head = pipe.read(4)
    if len(head) < 4:
        return None
    length = int.from_bytes(head, "big")
    frame = pipe.read(length)
    return frame if len(frame) == length else None

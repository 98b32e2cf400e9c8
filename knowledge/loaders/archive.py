"""Reads the files of a zip, each by its own loader; one that cannot be read is a note.

Nothing is written to disk. An archive inside the archive is left out.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from langchain_core.documents import Document

from core.errors import DocumentRejected
from knowledge.limits import MAX_ENTRIES, MAX_UNPACKED, Notes
from knowledge.loaders.base import FileLoader, Source
from knowledge.plausible import likeliest

_UTF8_NAME = 0x800
_ENCRYPTED = 0x1
_SKIPPED = {"__MACOSX", ".DS_Store", "Thumbs.db", ".git"}


class ArchiveLoader(FileLoader):
    """The sections of every file, their locations behind the file's path in the archive."""

    def lazy_load(self) -> Iterator[Document]:
        first, found = "", False
        with zipfile.ZipFile(io.BytesIO(self.source.data)) as archive:
            for entry, name in self._entries(archive):
                notes = Notes()
                try:
                    for part in self._file(archive, entry, name, notes):
                        found = True
                        yield part
                except DocumentRejected as error:
                    first = first or error.message
                    self.source.notes.add("entry", entry=name, reason=error.message)
                for note in notes.all():
                    self.source.notes.add("entry", entry=name, reason=note)
        if not found:
            if not first:
                raise self.refuse("no_text")
            raise self.refuse("none_inside", first=first)

    def _entries(self, archive: zipfile.ZipFile) -> list[tuple[zipfile.ZipInfo, str]]:
        from knowledge.loaders.formats import check_growth

        everything = archive.infolist()
        check_growth(self.source.name, everything, len(self.source.data))
        names = _names(everything)
        entries = [
            (entry, name)
            for entry, name in zip(everything, names, strict=True)
            if not entry.is_dir() and not _SKIPPED & set(PurePosixPath(name).parts)
        ]
        if len(entries) > MAX_ENTRIES:
            self.source.notes.add("entries_left", limit=MAX_ENTRIES, count=len(entries))
        return [(entry, self._safe(name)) for entry, name in entries[:MAX_ENTRIES]]

    def _safe(self, name: str) -> str:
        """A path that stays inside, for showing only."""
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            plain = path.name or "unnamed"
            self.source.notes.add("entry_name", entry=plain)
            return plain
        return str(path)

    def _file(
        self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, notes: Notes
    ) -> Iterator[Document]:
        from knowledge.loaders.formats import format_of, loader_for

        if entry.flag_bits & _ENCRYPTED:
            raise DocumentRejected.because("locked", name=name)
        source = Source(
            name, self._unpacked(archive, entry, name), self.source.columns, notes, self.source.budget
        )
        if format_of(Source(name, source.data)) == "zip":
            raise DocumentRejected.because("archive_inside", entry=name)
        empty = True
        for part in readable(loader_for(source), name):
            empty = False
            part.metadata["page"] = None  # a page of a file inside is no page of the archive
            part.metadata["location"] = " > ".join(filter(None, [name, part.metadata["location"]]))
            yield part
        if empty:
            raise DocumentRejected.because("no_text", name=name)

    def _unpacked(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> bytes:
        """Its bytes, counted while they come: the directory may lie about the size."""
        try:
            with archive.open(entry) as file:
                data = file.read(MAX_UNPACKED // 2 + 1)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            NotImplementedError,
            RuntimeError,
            ValueError,
        ):
            raise DocumentRejected.because("damaged", name=name) from None
        if len(data) > MAX_UNPACKED // 2:
            raise DocumentRejected.because("unpacks", name=name)
        return data


def readable(loader: FileLoader, name: str) -> Iterator[Document]:
    """A loader's sections, whatever a damaged file makes its library raise turned into the one reason."""
    try:
        yield from loader.lazy_load()
    except (DocumentRejected, MemoryError):
        raise
    except Exception:  # noqa: BLE001  parsers of foreign formats raise anything on a hostile file
        raise DocumentRejected.because("damaged", name=name) from None


def _names(entries: list[zipfile.ZipInfo]) -> list[str]:
    """The entries' names; without the UTF-8 mark they are in the encoding of whoever packed them."""
    raw = {
        at: entry.filename.encode("cp437", errors="replace")
        for at, entry in enumerate(entries)
        if not entry.flag_bits & _UTF8_NAME and not entry.filename.isascii()
    }
    together = b"\n".join(raw.values())
    encoding = "cp437"
    if together:
        try:
            together.decode("utf-8")
            encoding = "utf-8"
        except UnicodeDecodeError:
            encoding = likeliest(together) or "cp437"
    return [
        raw[at].decode(encoding, errors="replace") if at in raw else entry.filename
        for at, entry in enumerate(entries)
    ]

"""Finds the loader for a file: by its name, and by what it really holds where the two disagree.

It reads no text out of it.
"""

import importlib
import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import PurePath

from core.errors import DocumentRejected
from knowledge.limits import MAX_PARTS, MAX_RATIO, MAX_UNPACKED
from knowledge.loaders.base import FileLoader, Source

FORMATS = "pdf, docx, pptx, xlsx, csv, tsv, md, html, txt, json, jsonl, xml or zip"
"""What is read, for people."""

_LOADERS: Mapping[str, str] = {
    "pdf": "pdf:PdfLoader",
    "docx": "word:WordLoader",
    "pptx": "slides:SlideLoader",
    "xlsx": "sheets:SheetLoader",
    "csv": "delimited:DelimitedLoader",
    "md": "text:MarkdownLoader",
    "txt": "text:TextLoader",
    "html": "web:WebLoader",
    "json": "records:RecordLoader",
    "xml": "markup:MarkupLoader",
    "zip": "archive:ArchiveLoader",
}
_NEEDS: Mapping[str, tuple[str, ...]] = {
    "pdf": ("pypdfium2", "pdfplumber"),
    "docx": ("docx",),
    "pptx": ("pptx", "pptx.chart.plot"),
    "xlsx": ("openpyxl",),
    "html": ("lxml.html",),
    "xml": ("defusedxml.ElementTree", "lxml.html"),
}
_SUFFIXES: Mapping[str, str] = {
    **{f".{name}": name for name in _LOADERS},
    ".tsv": "csv",
    ".tab": "csv",
    ".markdown": "md",
    ".htm": "html",
    ".xhtml": "html",
    ".text": "txt",
    ".log": "txt",
    ".jsonl": "json",
    ".ndjson": "json",
    ".rss": "xml",
    ".atom": "xml",
    ".xlsm": "xlsx",
}
_PACKED = {"docx", "pptx", "xlsx", "zip", "pdf"}
_NAMES = {
    "docx": "a Word document (.docx)",
    "pptx": "PowerPoint slides (.pptx)",
    "xlsx": "an Excel workbook (.xlsx)",
    "pdf": "a PDF",
    "zip": "a zip archive",
}
_OFFICE = {
    ".doc": ".docx",
    ".dot": ".docx",
    ".xls": ".xlsx",
    ".xlt": ".xlsx",
    ".ppt": ".pptx",
    ".pps": ".pptx",
}
_MACROS = {
    ".docm": ".docx",
    ".dotm": ".docx",
    ".pptm": ".pptx",
    ".dotx": ".docx",
    ".potx": ".pptx",
    ".xlsb": ".xlsx",
    ".ppsx": ".pptx",
}
_PICTURES = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"BM",
    b"II*\x00",
    b"MM\x00*",
    b"\x00\x00\x00\x18ftyphei",
    b"RIFF",
)
_PICTURE_SUFFIXES = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".heic"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_KINDS = (
    ("EncryptedPackage", ""),
    ("WordDocument", ".docx"),
    ("PowerPoint Document", ".pptx"),
    ("Workbook", ".xlsx"),
    ("Book", ".xlsx"),
)
_DOCTYPE = re.compile(rb"<!\s*DOCTYPE|<\x00?!\x00?D\x00?O\x00?C\x00?T\x00?Y\x00?P\x00?E", re.IGNORECASE)


def loader_for(source: Source) -> FileLoader:
    """The loader of a file. Raises DocumentRejected for an empty, locked, oversized or unknown one."""
    kind = format_of(source)
    module, _, name = _LOADERS[kind].partition(":")
    loader: type[FileLoader] = getattr(importlib.import_module(f"knowledge.loaders.{module}"), name)
    return loader(source)


def preload(name: str) -> None:
    """Import what a file of this name needs, so that only the first one pays for it."""
    kind = _SUFFIXES.get(PurePath(name).suffix.lower(), "txt")
    for module in (f"knowledge.loaders.{_LOADERS[kind].partition(':')[0]}", *_NEEDS.get(kind, ())):
        importlib.import_module(module)
    if kind == "pdf":
        from knowledge.loaders.pdf_text import pdf_parser

        pdf_parser()


def format_of(source: Source) -> str:
    """The key of _LOADERS; a file named otherwise than it is gets a note, or is refused with what it is."""
    name, data = source.name, source.data
    suffix = PurePath(name).suffix.lower()
    named, held = _SUFFIXES.get(suffix), _held(data, name)
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        raise DocumentRejected.because("empty", name=name)
    if held == "picture":
        raise DocumentRejected.because("picture", name=name)
    if held in _PACKED:
        if held in _NAMES and held != "zip" and held != "pdf":
            check_package(name, data)
        if suffix in _MACROS:
            raise DocumentRejected.because("macros", name=name, advice=_MACROS[suffix])
        if named != held and not (held == "zip" and named is None):
            if held == "zip" and named in _PACKED:
                raise DocumentRejected.because("not_what", name=name, kind=_NAMES[named])
            source.notes.add("read_as", name=name, kind=_NAMES[held])
        if held == "zip" and named != "zip":
            raise DocumentRejected.because("format", name=name, formats=FORMATS)
        return held
    if suffix in _PICTURE_SUFFIXES:
        raise DocumentRejected.because("picture", name=name)
    return _text_format(source, suffix, named)


def _text_format(source: Source, suffix: str, named: str | None) -> str:
    name, data = source.name, source.data
    if named in _PACKED:
        raise DocumentRejected.because("not_what", name=name, kind=_NAMES[named])
    if suffix in _OFFICE:
        # Many systems export a web page or a list under the name of a spreadsheet.
        head = data[:2000].lstrip().lower()
        if head.startswith((b"<html", b"<!doctype html", b"<table", b"<meta")) or b"<table" in head:
            return "html"
        if suffix == ".xls" and b"\x00" not in data[:4000] and not head.startswith(b"<"):
            return "csv"
        raise DocumentRejected.because("legacy", name=name, advice=_OFFICE[suffix])
    if named is None:
        raise DocumentRejected.because("format", name=name, formats=FORMATS)
    return named


def _held(data: bytes, name: str) -> str | None:
    """What the first bytes say; None for text and for what is not known."""
    if b"%PDF-" in data[:1024] and not data[:1024].lstrip().startswith((b"<", b"{")):
        return "pdf"
    if data.startswith(_OLE):
        for stream, advice in _OLE_KINDS:
            if stream.encode("utf-16-le") in data:
                reason = "legacy" if advice else "locked"
                raise DocumentRejected.because(reason, name=name, **({"advice": advice} if advice else {}))
        raise DocumentRejected.because("format", name=name, formats=FORMATS)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _zipped(data, name)
    if data.startswith(_PICTURES):
        return "picture"
    return None


def _zipped(data: bytes, name: str) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise DocumentRejected.because("damaged", name=name) from None
    if "word/document.xml" in names:
        return "docx"
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "ppt/presentation.xml" in names:
        return "pptx"
    if "[Content_Types].xml" in names or "mimetype" in names:
        by_name = _SUFFIXES.get(PurePath(name).suffix.lower())
        if by_name in _PACKED and by_name != "zip":
            return by_name
        raise DocumentRejected.because("format", name=name, formats=FORMATS)
    return "zip"


def check_package(name: str, data: bytes) -> None:
    """Refuses an Office file that would grow without bounds, or that declares a document type."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            check_growth(name, entries, len(data))
            for entry in entries:
                if entry.flag_bits & 1:
                    raise DocumentRejected.because("locked", name=name)
                if entry.filename.endswith((".xml", ".rels")):
                    with archive.open(entry) as part:
                        if _DOCTYPE.search(part.read(4096)):
                            raise DocumentRejected.because("dtd", name=name)
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, NotImplementedError):
        raise DocumentRejected.because("damaged", name=name) from None


def check_growth(name: str, entries: list[zipfile.ZipInfo], size: int) -> None:
    """Raises DocumentRejected for what a zip's own directory says would be a bomb."""
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_PARTS or unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * max(size, 10_000):
        raise DocumentRejected.because("unpacks", name=name)

"""Reads PowerPoint slide by slide: title, text, tables, charts, the speaker's notes.

It does not look into pictures.
"""

import io
from collections.abc import Iterator
from typing import Any

from langchain_core.documents import Document

from knowledge.languages import language_of, place
from knowledge.loaders.base import FileLoader, RowUnder
from knowledge.rows import Row
from knowledge.sections import section
from knowledge.tables import Table, table_sections

_SPAN = 500


class SlideLoader(FileLoader):
    """One section a slide; its tables and charts row by row."""

    def lazy_load(self) -> Iterator[Document]:
        from pptx import Presentation

        slides = list(Presentation(io.BytesIO(self.source.data)).slides)
        language = language_of([_title(slide) + "\n" + _body(slide) for slide in slides[:10]])
        for number, slide in enumerate(slides, 1):
            yield from self._slide(slide, number, language)

    def _slide(self, slide: Any, number: int, language: str) -> Iterator[Document]:
        heading = _title(slide)
        title = f"{self.source.stem} > {heading}" if heading else self.source.stem
        where = place(language, "第 {} 张幻灯片", "slide {}", number)
        tables = [rows for shape in _shapes(slide.shapes) for rows in _tables(shape, language)]
        text = "\n".join(filter(None, [_body(slide), _notes(slide, language)]))
        if text or (heading and not tables):
            yield section(text or heading, title=title, location=where, page=number)
        for index, rows in enumerate(tables, 1):
            places = RowUnder(where, index if len(tables) > 1 else 0)
            table = Table(self.source.name, title, places, page=number, language=language)
            yield from table_sections(rows, table, self.source.notes)


def _shapes(shapes: Any) -> Iterator[Any]:
    """Every shape in reading order, out of groups too."""
    for shape in sorted(shapes, key=lambda shape: ((shape.top or 0) // 300_000, shape.left or 0)):
        if hasattr(shape, "shapes"):
            yield from _shapes(shape.shapes)
        else:
            yield shape


def _title(slide: Any) -> str:
    shape = slide.shapes.title
    return " ".join(shape.text_frame.text.split()) if shape is not None and shape.has_text_frame else ""


def _body(slide: Any) -> str:
    title = slide.shapes.title
    return "\n".join(
        text
        for shape in _shapes(slide.shapes)
        if shape.has_text_frame and (title is None or shape.shape_id != title.shape_id)
        if (text := shape.text_frame.text.replace("\v", "\n").strip()) and not _is_footer(shape)
    )


def _is_footer(shape: Any) -> bool:
    """Date, footer and slide number, which stand on every slide."""
    if not shape.is_placeholder:
        return False
    from pptx.enum.shapes import PP_PLACEHOLDER

    kind = shape.placeholder_format.type
    return kind in (PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER)


def _notes(slide: Any, language: str) -> str:
    if not slide.has_notes_slide or slide.notes_slide.notes_text_frame is None:
        return ""
    text = slide.notes_slide.notes_text_frame.text.strip()
    return f"{'备注：' if language == 'zh' else 'Notes: '}{text}" if text else ""


def _tables(shape: Any, language: str) -> Iterator[list[Row]]:
    if getattr(shape, "has_table", False):
        yield list(_cells(shape.table))
    elif getattr(shape, "has_chart", False):
        plot = next(iter(shape.chart.plots), None)
        if plot is not None:
            yield list(_points(plot, "类别" if language == "zh" else "Category"))


def _cells(table: Any) -> Iterator[Row]:
    above: dict[int, tuple[str, int]] = {}
    for number, line in enumerate(table.rows, 1):
        cells: list[str] = []
        spanned, shared = set[int](), set[int]()
        for at, cell in enumerate(line.cells):
            text = cell.text_frame.text.replace("\v", "\n").strip()
            if cell.is_merge_origin:
                above.update(
                    (at + n, (text, number + min(cell.span_height, _SPAN)))
                    for n in range(min(cell.span_width, _SPAN))
                )
                spanned.update(range(at + 1, at + min(cell.span_width, _SPAN)))
            elif cell.is_spanned and at in above and number < above[at][1]:
                text = above[at][0]
                shared |= {at} if at not in spanned else set()
            cells.append(text)
        if any(cells):
            yield Row(number, cells, spanned, shared)


def _points(plot: Any, category_name: str) -> Iterator[Row]:
    """A chart's numbers as a table: a row a category, a column a series."""
    series = list(plot.series)
    yield Row(1, [category_name, *(str(one.name or "") for one in series)])
    for at, category in enumerate(plot.categories):
        values = [one.values[at] if at < len(one.values) else None for one in series]
        yield Row(at + 2, [str(category), *("" if value is None else f"{value:g}" for value in values)])

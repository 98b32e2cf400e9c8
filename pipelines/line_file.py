"""A business line as one YAML file: what stands in it, read with every fault at its place, and written.

Its documents are not in it. docs/lines.md describes the format. Stores nothing.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from core.errors import Unfit
from core.golden import Expected, GoldenQuestion
from core.line_fields import Generation, Language, LineId, NewLine, fields_of, line_of
from core.messages import without_calibration
from core.prompts import Parameters
from core.reasons import sentence
from core.whole import WholeLine
from core.words import Action, WordList
from core.written import Strict, fault_of, path_of, whole
from pipelines import line_yaml
from pipelines.golden import MODES, golden_id
from pipelines.placeholders import LONGEST_TEXT, problems_of

FORMAT = "xiaoq.line/1"
HEAD = "# A business line of XiaoQ. `python app.py line import FILE` or POST /api/lines/import reads it.\n"

Short = Annotated[str, Field(max_length=200)]
Text = Annotated[str, Field(max_length=20_000)]
Question = Annotated[str, Field(min_length=1, max_length=2_000, pattern=r"\S")]
Some = Annotated[list[Annotated[str, Field(min_length=1, max_length=2_000)]], Field(max_length=100)]


class BadFile(Unfit):
    """A file that is wrong on a `line` (from 1), at the place that `param` names."""

    def __init__(self, message: str, *, line: int, param: str) -> None:
        super().__init__(message, param=param)
        self.line = line


class PromptPart(Strict):
    texts: Annotated[
        dict[Language, Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]],
        Field(min_length=1, max_length=30),
    ]
    parameters: Generation = Field(default_factory=Generation)
    note: Annotated[str, Field(max_length=2_000)] = ""


class WordListPart(Strict):
    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")]
    category: Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")]
    action: Action
    replacement: Annotated[str, Field(max_length=100)] = "***"
    homophones: bool = False
    enabled: bool = True
    words: Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=50_000)] = (
        Field(default_factory=list)
    )


def _a_mode(name: str) -> str:
    if name not in MODES:
        raise ValueError(sentence("golden_mode", mode=name[:30], modes=", ".join(MODES)))
    return name


class ExpectedPart(Strict):
    facts: Some = Field(default_factory=list)
    forbidden: Some = Field(default_factory=list)
    documents: Some = Field(default_factory=list)
    language: Language | None = None
    mode: Annotated[str, AfterValidator(_a_mode)] | None = None
    max_characters: Annotated[int, Field(ge=1, le=1_000_000), whole] | None = None


class PassagePart(Strict):
    """The passage that a person called the right one, as it was then."""

    base: Short = ""
    document_id: Short = ""
    document: Annotated[str, Field(max_length=500)] = ""
    location: Annotated[str, Field(max_length=500)] = ""
    passage_id: Short = ""
    text: Text = ""


class GoldenPart(Strict):
    question: Question
    language: Language = "und"
    expected: ExpectedPart = Field(default_factory=ExpectedPart)
    reference: Text = ""
    passage: PassagePart = Field(default_factory=PassagePart)


class LineFile(Strict):
    format: Literal["xiaoq.line/1"]
    line: NewLine
    prompt: PromptPart | None = None
    word_lists: Annotated[list[WordListPart], Field(max_length=50)] = Field(default_factory=list)
    golden: Annotated[list[GoldenPart], Field(max_length=10_000)] = Field(default_factory=list)


class _Named(BaseModel):
    id: LineId


async def read_line(data: bytes, line_id: str | None = None) -> WholeLine:
    """The line in a file, under `line_id` where one is given. Raises Unfit with the place of what is wrong."""
    return await asyncio.to_thread(_read, data, line_id)


async def write_line(given: WholeLine) -> str:
    """The file of a line. What has its default is left out."""
    return await asyncio.to_thread(lambda: HEAD + line_yaml.write_yaml(_written(given)))


def _read(data: bytes, line_id: str | None) -> WholeLine:
    content = line_yaml.read_yaml(data)
    if isinstance(content, dict) and str(content.get("format")) != FORMAT:
        raise Unfit(f"A business line's file begins with 'format: {FORMAT}'.", param="format")
    try:
        file = LineFile.model_validate(content)
        new_id = file.line.id if line_id is None else _Named(id=line_id).id
    except ValidationError as error:
        raise _fault(data, error) from None
    if file.prompt is not None:
        _check_prompt(data, file.prompt)
    _check_questions(data, file)
    return _whole(file, new_id)


def _fault(data: bytes, error: ValidationError) -> Unfit:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["loc"] == ("id",):
        return Unfit(f"The id will not do: {first['msg']}.", param="id")
    location = first["loc"]
    if param := first.get("ctx", {}).get("param"):  # a rule about several fields of the line
        location = ("line", *str(param).split("."))
    place = path_of(location) or "the file"
    what = {"extra_forbidden": "is not known here", "missing": "is missing"}.get(
        first["type"], f"will not do: {fault_of(first)}"
    )
    line = line_yaml.line_of(data, location)
    return BadFile(f"Line {line}: '{place}' {what}.", line=line, param=place)


def _check_prompt(data: bytes, prompt: PromptPart) -> None:
    for problem in problems_of(prompt.texts):
        line = line_yaml.line_of(data, ("prompt", "texts", problem.language))
        raise BadFile(
            f"Line {line}: the prompt's text '{problem.language}' has a problem at character {problem.start}: "
            f"{problem.code.replace('_', ' ')}.",
            line=line,
            param=f"prompt.texts.{problem.language}",
        )


def _check_questions(data: bytes, file: LineFile) -> None:
    seen: set[str] = set()
    for index, one in enumerate(file.golden):
        if one.question in seen:
            line = line_yaml.line_of(data, ("golden", index, "question"))
            raise BadFile(
                f"Line {line}: this question stands in the file twice.",
                line=line,
                param=f"golden[{index}].question",
            )
        seen.add(one.question)


def _whole(file: LineFile, line_id: str) -> WholeLine:
    prompt = file.prompt
    return WholeLine(
        line=line_of(line_id, file.line),
        texts=prompt.texts if prompt else {},
        parameters=Parameters(**prompt.parameters.model_dump()) if prompt else Parameters(),
        note=prompt.note if prompt else "",
        word_lists=[
            WordList(**part.model_dump(exclude={"words"}), id="", line=line_id, words=tuple(part.words))
            for part in file.word_lists
        ],
        golden=[_golden(part, line_id, file.line.id) for part in file.golden],
    )


def _golden(part: GoldenPart, line_id: str, was: str) -> GoldenQuestion:
    passage = part.passage.model_dump()
    return GoldenQuestion(
        **passage | {"base": line_id if passage["base"] == was else passage["base"]},
        id=golden_id(line_id, part.question),
        line=line_id,
        question=part.question,
        created_at=datetime.now(UTC),
        expected=_expected(part.expected),
        reference=part.reference,
        origin="import",
        language=part.language,
    )


def _expected(part: ExpectedPart) -> Expected:
    return Expected(
        tuple(part.facts),
        tuple(part.forbidden),
        tuple(part.documents),
        part.language,
        part.mode,
        part.max_characters,
    )


def _written(given: WholeLine) -> dict[str, Any]:
    line = without_calibration(given.line)
    fields = fields_of(replace(line, bases=[base for base in line.bases if base != line.id]))
    found: dict[str, Any] = {"format": FORMAT, "line": {"id": line.id, **_spare(NewLine, fields)}}
    if given.texts:
        parameters = {name: getattr(given.parameters, name) for name in Generation.model_fields}
        prompt = {"texts": dict(given.texts), "parameters": parameters, "note": given.note}
        found["prompt"] = _spare(PromptPart, prompt)
    if given.word_lists:
        found["word_lists"] = [
            _spare(WordListPart, {name: _plain(getattr(words, name)) for name in WordListPart.model_fields})
            for words in given.word_lists
        ]
    if given.golden:
        found["golden"] = [_spare(GoldenPart, _golden_fields(one)) for one in given.golden]
    return found


def _golden_fields(one: GoldenQuestion) -> dict[str, Any]:
    return {
        "question": one.question,
        "language": one.language,
        "expected": {name: _plain(getattr(one.expected, name)) for name in ExpectedPart.model_fields},
        "reference": one.reference,
        "passage": {name: getattr(one, name) for name in PassagePart.model_fields},
    }


def _spare(kind: type[BaseModel], fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that differ from what they are when left out."""
    found = {}
    for name, value in fields.items():
        default = kind.model_fields[name].get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            value, default = _spare(type(default), value), {}
        if value != default:
            found[name] = value
    return found


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value

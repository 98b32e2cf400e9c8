"""A business line as it is written, in JSON, in YAML or in a form: every field bounded, what is not known refused by name.

Turns it into the noun of core/messages.py and back. Knows no door and no store.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from core.documents import SHARED_BASE
from core.hours import SPAN, span_of, time_zones
from core.messages import BusinessLine, FrequentRules, HandoffRules, LanguageRules
from core.prompts import Parameters
from core.written import Strict, whole

LanguageTag = Literal[
    "zh", "zh-Hant", "en", "de", "fr", "es", "pt", "it", "nl", "ru", "cs", "pl", "ar", "fa", "he", "tr", "ja", "ko",
    "vi", "th", "id", "ms", "lo", "my", "ceb", "km", "tl", "hi", "bn", "ur",
]  # fmt: skip
"""What XiaoQ answers in."""
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
LONGEST_ANSWER = 8192
"""Tokens."""


CALIBRATED_FIRST = (
    "what counts as similar is calibrated on the line's own questions (POST /api/lines/{line}/similar); only then can it be "
    "turned on"
)


def unfit(reason: str, message: str, **values: Any) -> PydanticCustomError:
    """A value that is well formed and will not do. `reason` is for whoever says it in other words; `param`, among the
    values, names the field where the rule is about several."""
    return PydanticCustomError("unfit", "{what}", {"what": message, "reason": reason, **values})


def _span(written: str) -> str:
    try:
        span_of(written)
    except ValueError:
        raise unfit("span", "it begins as it ends; 00:00-24:00 is the whole day") from None
    return written


def _zone(name: str) -> str:
    if name not in time_zones():
        raise unfit("time_zone", "name a time zone as IANA does, such as Asia/Shanghai")
    return name


def _word(text: str) -> str:
    if not text.strip():
        raise unfit("blank", "it is blank")
    return text


LineId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,8})?$")]
Sentence = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_word)]
Persona = Annotated[str, Field(min_length=1, max_length=20_000), AfterValidator(_word)]
Names = Annotated[dict[Language, Sentence], Field(min_length=1, max_length=30)]
Localised = Annotated[dict[Language, Sentence], Field(max_length=30)]
Suggestions = Annotated[dict[Language, Annotated[list[Sentence], Field(max_length=10)]], Field(max_length=30)]
Bases = Annotated[list[LineId], Field(max_length=50)]
Word = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_word)]
Tags = Annotated[list[LanguageTag], Field(max_length=30)]
Span = Annotated[str, StringConstraints(pattern=SPAN), AfterValidator(_span)]
Hours = Annotated[dict[Day, Annotated[list[Span], Field(max_length=8)]], Field(max_length=7)]
TimeZone = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_+/-]{0,63}$"), AfterValidator(_zone)
]
Glossary = Annotated[list[Word], Field(max_length=500)]


class Languages(Strict):
    pinned: LanguageTag | None = None
    allowed: Tags = Field(default_factory=list)
    forbidden: Tags = Field(default_factory=list)


class Handoff(Strict):
    words: Annotated[list[Word], Field(max_length=200)] = Field(default_factory=list)
    after_unanswered: Annotated[int, Field(ge=1, le=20), whole] | None = None
    keep_open: bool = False


class Generation(Strict):
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=LONGEST_ANSWER), whole] | None = None
    model: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class Frequent(Strict):
    approved: bool = True
    cache: bool = True
    cache_seconds: Annotated[int, Field(ge=60, le=30 * 86_400), whole] = 86_400
    semantic: bool = False
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None


class LineFields(Strict):
    """Everything of a line but its id. `bases` are searched besides the line's own; left out: the shared one."""

    names: Names
    bases: Bases | None = None
    persona: Persona | None = None
    greeting: Localised = Field(default_factory=dict)
    suggestions: Suggestions = Field(default_factory=dict)
    contact: Localised = Field(default_factory=dict)
    archived: bool = False
    languages: Languages = Field(default_factory=Languages)
    glossary: Glossary = Field(default_factory=list)
    hours: Hours = Field(default_factory=dict)
    time_zone: TimeZone = "UTC"
    handoff: Handoff = Field(default_factory=Handoff)
    generation: Generation = Field(default_factory=Generation)
    frequent: Frequent = Field(default_factory=Frequent)

    @model_validator(mode="after")
    def _fields_that_need_each_other(self) -> "LineFields":
        rules = self.languages
        if rules.pinned is not None and (
            rules.pinned in rules.forbidden or (rules.allowed and rules.pinned not in rules.allowed)
        ):
            raise unfit(
                "pinned", "the line does not answer in the language it is pinned to", param="languages.pinned"
            )
        if both := sorted({*rules.allowed} & {*rules.forbidden}):
            param = "languages.forbidden"
            raise unfit("both", f"{', '.join(both)} cannot be both allowed and forbidden", param=param)
        if {*rules.forbidden}.issuperset(get_args(LanguageTag)):
            raise unfit("silent", "leave at least one language to answer in", param="languages.forbidden")
        if self.hours and not any(self.hours.values()):
            raise unfit(
                "never", "name a span on at least one day, or no day at all for always", param="hours"
            )
        return self


class NewLine(LineFields):
    id: LineId

    @model_validator(mode="after")
    def _is_calibrated_later(self) -> "NewLine":
        if self.frequent.semantic or self.frequent.threshold is not None:
            raise uncalibrated("semantic" if self.frequent.semantic else "threshold")
        return self

    def line(self) -> BusinessLine:
        return line_of(self.id, self)


def uncalibrated(field: str) -> PydanticCustomError:
    return unfit(field, CALIBRATED_FIRST, param=f"frequent.{field}")


def line_of(line_id: str, fields: LineFields) -> BusinessLine:
    """The noun. The line's own base comes first, then the others once each."""
    others = (SHARED_BASE,) if fields.bases is None else fields.bases
    return BusinessLine(
        id=line_id,
        names=fields.names,
        bases=tuple(dict.fromkeys((line_id, *others))),
        persona=fields.persona,
        greeting=fields.greeting,
        suggestions={language: tuple(some) for language, some in fields.suggestions.items()},
        contact=fields.contact,
        archived=fields.archived,
        languages=LanguageRules(
            fields.languages.pinned, tuple(fields.languages.allowed), tuple(fields.languages.forbidden)
        ),
        glossary=tuple(dict.fromkeys(fields.glossary)),
        hours={day: tuple(spans) for day, spans in fields.hours.items() if spans},
        time_zone=fields.time_zone,
        handoff=HandoffRules(
            tuple(dict.fromkeys(fields.handoff.words)),
            fields.handoff.after_unanswered,
            fields.handoff.keep_open,
        ),
        generation=Parameters(**fields.generation.model_dump()),
        frequent=FrequentRules(**fields.frequent.model_dump()),
    )


def fields_of(line: BusinessLine) -> dict[str, Any]:
    """The line's fields as they are written, every one of them, in the order in which a person reads them."""
    handoff, generation, frequent = line.handoff, line.generation, line.frequent
    return {
        "names": dict(line.names),
        "bases": list(line.bases),
        "persona": line.persona,
        "greeting": dict(line.greeting),
        "suggestions": _lists(line.suggestions),
        "contact": dict(line.contact),
        "archived": line.archived,
        "languages": {
            "pinned": line.languages.pinned,
            "allowed": list(line.languages.allowed),
            "forbidden": list(line.languages.forbidden),
        },
        "glossary": list(line.glossary),
        "hours": _lists(line.hours),
        "time_zone": line.time_zone,
        "handoff": {
            "words": list(handoff.words),
            "after_unanswered": handoff.after_unanswered,
            "keep_open": handoff.keep_open,
        },
        "generation": {name: getattr(generation, name) for name in Generation.model_fields},
        "frequent": {name: getattr(frequent, name) for name in Frequent.model_fields},
    }


def _lists(localised: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    return {key: list(some) for key, some in localised.items()}

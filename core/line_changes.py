"""A change to a business line as it is written: what is left out stays. Knows no door and no store."""

from dataclasses import replace
from typing import Annotated

from pydantic import BaseModel, Field

from core.errors import Unfit
from core.line_fields import (
    CALIBRATED_FIRST,
    Bases,
    Frequent,
    Generation,
    Glossary,
    Handoff,
    Hours,
    Languages,
    LineFields,
    Localised,
    Names,
    Persona,
    Suggestions,
    TimeZone,
    fields_of,
    line_of,
)
from core.messages import BusinessLine
from core.written import Strict, whole


class LineChange(Strict):
    """What is left out stays, in `languages`, `handoff`, `generation` and `frequent` also field by field; null takes a
    field of these away. `persona: null` brings the default persona back, `bases: null` the shared base.

    `version` is the one the change was made on; a line that was changed since is left as it is. Personal data in a
    persona is not kept, save what the line names as its contact.
    """

    names: Names = Field(default_factory=dict)
    bases: Bases | None = None
    persona: Persona | None = None
    greeting: Localised = Field(default_factory=dict)
    suggestions: Suggestions = Field(default_factory=dict)
    contact: Localised = Field(default_factory=dict)
    archived: bool = Field(default_factory=bool)
    languages: Languages = Field(default_factory=Languages)
    glossary: Glossary = Field(default_factory=list)
    hours: Hours = Field(default_factory=dict)
    time_zone: TimeZone = Field(default_factory=str)
    handoff: Handoff = Field(default_factory=Handoff)
    generation: Generation = Field(default_factory=Generation)
    frequent: Frequent = Field(default_factory=Frequent)
    version: Annotated[int, Field(ge=0), whole] = Field(default_factory=int)

    @property
    def fields(self) -> list[str]:
        """What it changes, by name."""
        return sorted(self.model_fields_set - {"version"})


def changed(line: BusinessLine, change: LineChange) -> BusinessLine:
    """The line as it would be. Raises pydantic's ValidationError where its fields would not go together, and Unfit where
    similar questions are to be answered without calibration."""
    written = fields_of(line)
    for name in change.fields:
        given = getattr(change, name)
        if isinstance(given, BaseModel):
            written[name] |= given.model_dump(exclude_unset=True)
        else:
            written[name] = given
    made = line_of(line.id, LineFields.model_validate(written))
    before, rules = line.frequent, replace(made.frequent, embedding=line.frequent.embedding)
    if rules.threshold != before.threshold or (rules.semantic and not before.embedding):
        raise Unfit(
            f"{CALIBRATED_FIRST[0].upper()}{CALIBRATED_FIRST[1:]}.",
            param="frequent.threshold" if rules.threshold != before.threshold else "frequent.semantic",
        )
    return replace(made, version=line.version, prompt=line.prompt, trial=line.trial, frequent=rules)

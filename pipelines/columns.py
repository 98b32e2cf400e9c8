"""Which column of a table is which field of an FAQ pair, as a person says it.

It does not know the table: whether it has these columns is for the parser to say.
"""

from collections.abc import Mapping
from dataclasses import fields

from core.documents import FaqPair
from core.errors import InvalidRequest

FIELDS = tuple(field.name for field in fields(FaqPair))
LONGEST_NAME = 200


def checked_columns(chosen: Mapping[str, str]) -> dict[str, str]:
    """The mapping, field → column, without blank entries; an empty one lets the parser guess.

    Raises InvalidRequest where it names no field of a pair, or not both of question and answer.
    """
    columns = {field.strip(): column.strip() for field, column in chosen.items() if column.strip()}
    for field, column in columns.items():
        if field not in FIELDS:
            raise InvalidRequest(
                f"A pair has no field '{field[:60]}'; there are {', '.join(FIELDS)}.", param="columns"
            )
        if len(column) > LONGEST_NAME:
            raise InvalidRequest(f"The column for '{field}' has too long a name.", param="columns")
    if columns and not {"question", "answer"} <= columns.keys():
        raise InvalidRequest("Name the columns of both 'question' and 'answer'.", param="columns")
    return columns

"""What counts as personal data, and where in a text it was found.

It does not know how a kind is recognised, replaced or kept.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """The value is the JSON name; the placeholder is its upper case: `[PHONE_1]`."""

    PHONE = "phone"
    """Mobile numbers of any country, and any number of a country other than China."""
    LANDLINE = "landline"
    HOTLINE = "hotline"
    """Chinese 400 and 800 numbers."""
    ID_CARD = "id_card"
    BANK_CARD = "bank_card"
    PASSPORT = "passport"
    PERMIT = "permit"
    """Travel permits between the mainland, Hong Kong, Macau and Taiwan, and residence permits."""
    CREDIT_CODE = "credit_code"
    PLATE = "plate"
    EMAIL = "email"
    WECHAT = "wechat"
    QQ = "qq"
    ADDRESS = "address"
    IBAN = "iban"


@dataclass(frozen=True, slots=True)
class Finding:
    """A piece of personal data in a text.

    `start` and `end` count code points of the original text. `value` is canonical: the same number in another
    spelling has the same value. It is personal data, so it stays out of `repr` and thereby out of logs.
    """

    kind: Kind
    start: int
    end: int
    confidence: float
    value: str = field(repr=False)

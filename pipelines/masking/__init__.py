"""Personal data: found, replaced by placeholders, and put back. Pure functions of a text; nothing is stored here."""

from pipelines.masking.documents import find_in_document
from pipelines.masking.find import find
from pipelines.masking.placeholders import Known, Masked, Placeholders
from pipelines.masking.restorer import Restorer

__all__ = ["Known", "Masked", "Placeholders", "Restorer", "find", "find_in_document"]

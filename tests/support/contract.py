"""Runs schemathesis against a served app: everything /openapi.json allows, everything it forbids, all checks."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

LONGEST_ANSWER_SECONDS = 60
LONGEST_LINE = 600
KNOWN_SHARE = 0.6
"""How often an id is one that exists; the others are made up."""


def contract_faults(
    url: str,
    folder: Path,
    *,
    headers: Mapping[str, str],
    ids: Mapping[str, Sequence[str]],
    phases: str,
    examples: int,
    seconds: int,
    without: Sequence[str] = (),
) -> str:
    """What schemathesis found, as it prints it; empty where it found nothing.

    `ids` are existing values by the parameter that takes them (`path.line_id`).
    """
    folder.mkdir()
    folder.joinpath("schemathesis.toml").write_text(_configuration(ids))
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json"]
    command += ["--phases", phases, "--max-examples", str(examples), "--generation-deterministic"]
    command += ["--continue-on-failure", "--no-color", "--warnings", "off"]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    if without:
        command += ["--exclude-checks", ",".join(without)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=seconds)
    told = "\n".join(line[:LONGEST_LINE] for line in f"{done.stdout}\n{done.stderr[-2_000:]}".splitlines())
    return "" if done.returncode == 0 else told[-50_000:]


def _configuration(ids: Mapping[str, Sequence[str]]) -> str:
    """422 is a file or a list that holds nothing to work with, which no schema can tell; of what is valid, 400 and
    413 stay faults.
    """
    lines = [f"request-timeout = {LONGEST_ANSWER_SECONDS}", "[checks.positive_data_acceptance]"]
    lines += ['expected-statuses = ["2xx", "401", "403", "404", "409", "422"]']
    lines += ["[checks.negative_data_rejection]"]
    lines += ['expected-statuses = ["400", "401", "403", "404", "405", "413", "422", "429"]']
    for number, values in enumerate(ids.values()):
        lines += [f"[dictionaries.known{number}]", f"values = {json.dumps(list(values))}"]
    lines.append("[parameters]")
    for number, place in enumerate(ids):
        lines.append(f'"{place}" = {{ dictionary = "known{number}", probability = {KNOWN_SHARE} }}')
    return "\n".join(lines) + "\n"

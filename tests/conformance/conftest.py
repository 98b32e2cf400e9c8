"""The whole app before a deterministic model, and OpenAI's own clients before the app."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from openai import OpenAI

from tests.gateway.conftest import Running, locked, running
from tests.support.obedient import ObedientUpstream

NODE = Path(__file__).parent / "node"


@pytest.fixture(scope="session")
def obedient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("obedient"), upstream=ObedientUpstream()) as server:
        yield server


@pytest.fixture(scope="session")
def official(obedient: Running) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{obedient.url}/v1", api_key="any", max_retries=0) as client:
        yield client


@pytest.fixture(scope="session")
def node() -> str:
    """Where node is; its client is installed beside its lock."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("no node here; on Debian: apt-get install nodejs npm")
    if not (NODE / "node_modules" / "openai").exists():
        pytest.skip("OpenAI's JavaScript client is not installed: tests/conformance/node/install.sh")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.removeprefix("v").partition(".")[0]) < 20:
        pytest.skip(f"node {version.strip()} is older than 20, which OpenAI's client asks for")
    return found


__all__ = ["locked"]

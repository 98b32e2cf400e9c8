"""Golden questions of the lines, and what is proposed to become one. Knows no passage's whereabouts today; it keeps what was said to be right."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, delete, select

from core.golden import Expected, GoldenQuestion, Proposal
from storage.database import Database
from storage.shapes import read, written
from storage.tables import golden as golden_table
from storage.tables import golden_proposal
from storage.upsert import upsert


class SqlGoldenStore:
    """core.golden.GoldenStore in a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def put(self, golden: GoldenQuestion) -> None:
        await self.put_all([golden])

    async def put_all(self, golden: "Sequence[GoldenQuestion]") -> None:
        """See the port."""

        def write(connection: Connection) -> None:
            for one in golden:
                connection.execute(delete(golden_table).where(golden_table.c.id == one.id))
                values = {**asdict(one), "expected": written(one.expected)}
                upsert(connection, golden_table, values, by=("line", "question"))

        await self._db.write(write)

    async def list(self, line: str) -> "Sequence[GoldenQuestion]":
        query = (
            select(golden_table)
            .where(golden_table.c.line == line)
            .order_by(golden_table.c.created_at.desc(), golden_table.c.id)
        )
        return await self._db.read(
            lambda connection: [
                GoldenQuestion(**{**row, "expected": read(Expected, row.expected)})
                for row in connection.execute(query).mappings()
            ]
        )

    async def delete(self, line: str, golden_id: str) -> bool:
        statement = delete(golden_table).where(golden_table.c.line == line, golden_table.c.id == golden_id)
        return await self._db.write(lambda connection: connection.execute(statement).rowcount > 0)


class SqlProposalStore:
    """core.golden.ProposalStore in a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def put(self, proposal: Proposal) -> None:
        values = {**asdict(proposal), "expected": written(proposal.expected)}

        def write(connection: Connection) -> None:
            connection.execute(delete(golden_proposal).where(golden_proposal.c.id == proposal.id))
            upsert(connection, golden_proposal, values, by=("line", "question"))

        await self._db.write(write)

    async def list(self, line: str) -> "Sequence[Proposal]":
        query = (
            select(golden_proposal)
            .where(golden_proposal.c.line == line)
            .order_by(golden_proposal.c.created_at.desc(), golden_proposal.c.id)
        )
        return await self._db.read(
            lambda connection: [
                Proposal(**{**row, "expected": read(Expected, row.expected)})
                for row in connection.execute(query).mappings()
            ]
        )

    async def delete(self, line: str, proposal_id: str) -> bool:
        statement = delete(golden_proposal).where(
            golden_proposal.c.line == line, golden_proposal.c.id == proposal_id
        )
        return await self._db.write(lambda connection: connection.execute(statement).rowcount > 0)

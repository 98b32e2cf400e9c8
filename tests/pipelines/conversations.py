"""Conversations of an A/B test as numbers, without a store."""

from core.experiments import ArmTurn


def conversations(version: int, how_many: int, resolved: int) -> list[ArmTurn]:
    """So many conversations of one turn, the first `resolved` of which needed no person."""
    return [
        ArmTurn(f"conv-{version}-{number}", version, number >= resolved, False, None, 900 + number % 7, 100)
        for number in range(how_many)
    ]

"""Who did something, as people call them: operators by their accounts' names, programs by their keys'."""

from collections.abc import Mapping

from pipelines.services import Services


async def actor_names(services: Services) -> Mapping[str, str]:
    """What accounts and keys are called, by id."""
    accounts = {account.id: account.name for account in await services.accounts.list()}
    return accounts | {key.id: key.name for key in await services.keys.list()}


def actor_name(actor: str, names: Mapping[str, str], say: Mapping[str, str]) -> str:
    """Who it was, in words; an actor of another kind as the audit names it."""
    kind, _, who = actor.partition(":")
    if kind == "console":
        return say["the_operator"] if who == "operator" else names.get(who, who)
    if kind == "visitor":
        return say["role_visitor"]
    known = say.get(f"actor_{kind}")
    return known.format(name=names.get(who, who)) if known else actor

"""Where the token window goes, as a stacked bar with its figures. Knows no prompt."""

from collections.abc import Mapping

from pages.lists import text
from pipelines.budget import Budget


def budget_bar(budget: Budget, say: Mapping[str, str]) -> str:
    """The thin bar is how much of the window is taken, the thick one by what; the list says the same in figures."""
    taken = {name: tokens for name, tokens in budget.parts.items() if tokens}
    whole = max(1, budget.used)
    label = say["version_budget_label"].format(
        window=f"{budget.window:,}", used=f"{budget.used:,}", left=f"{max(0, budget.left):,}"
    )
    bar = "".join(
        f'<span class="xq-budget-{name}" style="flex-grow:{tokens / whole:.5f}"></span>'
        for name, tokens in taken.items()
    )
    share = min(100.0, 100 * budget.used / max(1, budget.window))
    items = "".join(
        f'<li><i class="xq-budget-{name}" aria-hidden="true"></i>{text(say[f"budget_{name}"])} '
        f"<strong>{tokens:,}</strong></li>"
        for name, tokens in taken.items()
    )
    how = say["version_budget_exact" if budget.exact else "version_budget_estimate"]
    over = f'<p class="xq-error">{text(say["version_budget_over"])}</p>' if budget.left < 0 else ""
    return (
        f'<figure class="xq-budget"><figcaption>{text(label)}</figcaption>'
        f'<div class="xq-budget-window" aria-hidden="true"><span style="width:{share:.2f}%"></span></div>'
        f'<div class="xq-budget-bar" role="img" aria-label="{text(label)}">{bar}</div><ul>{items}</ul></figure>'
        f'{over}<p class="xq-meta">{text(how)}</p>'
    )

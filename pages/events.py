"""How the console's events are wired: limits, privacy, and the scripts that carry a press to Python."""

from typing import Any

CLICKS_AT_ONCE = 16
"""Gradio's own default is one at a time, for all visitors together."""

# A list's buttons carry `data-value`; a press reaches Python as a select event.
PRESS_JS = """element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-value]');
  if (button) trigger('select', {index: 0, value: button.dataset.value, selected: true});
});"""
DOWNLOAD_JS = "(file) => { window.xiaoqDownload(file); }"
"""Saves what a hidden download button holds, which is its input (static/console/console.js)."""


def clicking() -> dict[str, Any]:
    """The options of an event that ends soon. Private: the console's events are no API."""
    return {"concurrency_limit": CLICKS_AT_ONCE, "api_visibility": "private", "show_progress": "hidden"}

"""Results as text and tables for the page. Pure functions; what a stranger wrote is escaped here and nowhere else.

HTML made here holds only our own words and numbers; names, texts and labels go into Markdown (escaped, and sanitised
by Gradio besides), data frames or plots.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

COLOURS = ("#1f9e9d", "#d9822b")  # two series that differ in light and dark, and to most colour-blind eyes
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$>])")


def escape_markdown(text: str) -> str:
    """Text that Markdown shows as it is: no markup, no link, no HTML, no formula, on one line."""
    flat = " ".join(str(text).split())
    return _MARKDOWN.sub(r"\\\1", html.escape(flat, quote=False))


def shorten(text: str, length: int = 120) -> str:
    """At most `length` characters on one line, with an ellipsis where something was left out."""
    flat = " ".join(str(text).split())
    return flat if len(flat) <= length else f"{flat[: length - 1].rstrip()}…"


def tiles(facts: Sequence[tuple[str, str, str]]) -> str:
    """(label, value, note) as a row of figures. Our own words and numbers only."""
    cells = "".join(
        f'<div class="tile"><dt>{html.escape(label)}</dt><dd>{html.escape(value)}</dd>'
        + (f'<dd class="note">{html.escape(note)}</dd>' if note else "")
        + "</div>"
        for label, value, note in facts
    )
    return f'<dl class="tiles">{cells}</dl>'


def percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f} %"


def megabytes(size: float) -> str:
    return f"{size / 2**30:.1f} GB" if size >= 2**30 else f"{size / 2**20:.0f} MB" if size >= 2**20 else f"{max(1, round(size / 1024))} kB"


def duration(seconds: float) -> str:
    """1:05 for a minute and five seconds; 1:02:03 past the hour."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def progress_bar(fraction: float | None, label: str) -> str:
    """A bar for eyes and for screen readers; without a fraction it only says that work goes on."""
    if fraction is None:
        return f'<div class="bar busy" role="progressbar" aria-label="{html.escape(label)}"><span></span></div>'
    width = f"{100 * fraction:.1f}"
    return (
        f'<div class="bar" role="progressbar" aria-label="{html.escape(label)}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{width}"><span style="width:{width}%"></span></div>'
    )

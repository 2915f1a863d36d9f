"""How long the texts are, and how much of them a model will not read. Knows no tokenizer but the function it is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from ptm_demo.data.labelled import LabelledTexts
from ptm_demo.data.problems import problem
from ptm_demo.results import Problem

_BINS = 20
# Above this many rows an even sample is measured: a histogram of 20,000 texts looks like that of 100,000.
_SAMPLE = 20_000
_SERIOUS = 0.1


@dataclass(frozen=True, slots=True)
class Lengths:
    """Lengths of a table's texts; the fields are those of CsvReport."""

    histogram: tuple[tuple[float, float, int], ...]
    unit: Literal["tokens", "characters"]
    median: float
    truncated: float | None
    problems: list[Problem]


def measure(rows: LabelledTexts, max_length: int, count_tokens: Callable[[list[str]], list[int]] | None) -> Lengths:
    """Measure the texts in tokens, or in characters when nobody can count tokens."""
    unit: Literal["tokens", "characters"] = "characters" if count_tokens is None else "tokens"
    if not rows.texts:
        return Lengths((), unit, 0.0, None if count_tokens is None else 0.0, [])
    step = -(-len(rows) // _SAMPLE)
    texts, numbers = rows.texts[::step], rows.rows[::step]
    tokens = [_estimate(text) for text in texts] if count_tokens is None else count_tokens(texts)
    lengths = [len(text) for text in texts] if count_tokens is None else tokens
    over = [i for i, n in enumerate(tokens) if n > max_length]
    share = len(over) / len(texts)
    problems = []
    if over:
        code = "long_texts" if count_tokens is None else "truncated_texts"
        count = round(share * len(rows)) or 1
        severity: Literal["warning", "info"] = "warning" if count_tokens is not None and share >= _SERIOUS else "info"
        percent = round(100 * share, 1) if share < 0.1 else round(100 * share)
        longest = [texts[i] for i in over[:20]]
        problems.append(problem(code, count, [numbers[i] for i in over], longest, severity, max_length=max_length, percent=percent))
    return Lengths(histogram(lengths, step), unit, float(median(lengths)), None if count_tokens is None else share, problems)


def histogram(lengths: Sequence[int], each: int = 1) -> tuple[tuple[float, float, int], ...]:
    """(low, high, rows) of up to 20 bins of equal width up to the 98th percentile; the last bin takes the tail up to the longest.

    Args:
        each: how many rows one measured text stands for.
    """
    ordered = sorted(lengths)
    low, high, top = ordered[0], ordered[int(0.98 * (len(ordered) - 1))], ordered[-1]
    width = max(1, -(-(high - low + 1) // _BINS))
    counts = [0] * max(1, -(-(high - low + 1) // width))
    for n in ordered:
        counts[min((n - low) // width, len(counts) - 1)] += each
    edges = [low + i * width for i in range(len(counts))] + [max(low + len(counts) * width, top + 1)]
    return tuple((float(edges[i]), float(edges[i + 1]), count) for i, count in enumerate(counts))


def _estimate(text: str) -> int:
    """Tokens of a text, roughly: a Latin word is 1.3 pieces, a character of another script 0.8."""
    if text.isascii():
        return round(1.3 * len(text.split())) + 2
    wide = sum(1 for char in text if char > "\u2e7f")
    return round(0.8 * wide + 1.3 * len(text.split())) + 2

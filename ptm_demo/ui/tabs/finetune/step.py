"""What a step of the journey tells the others: how to bring it up to date, and which event ends it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """One laid-out step.

    Attributes:
        refresh, inputs, outputs: the handler that shows the step as the visitor's work stands.
        done: Gradio's dependency whose success means "go on"; None where a button decides.
        back: the button that goes to the step before.
        judge, again, keep: buttons that lead to other steps.
        measure_on: binds the measuring of the plan to one more event.
    """

    refresh: Callable[..., Any]
    inputs: Sequence[Any]
    outputs: Sequence[Any]
    done: Any = None
    back: Any = None
    judge: Any = None
    again: Any = None
    keep: Any = None
    measure_on: Callable[..., Any] | None = None

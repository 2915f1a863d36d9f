"""What to do next, said for somebody at a prompt where the error's own hint speaks of the page. Knows no stream."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ptm_demo.errors import PtmError

# By the error's code; the facts of the error fill the template as they do in its own hint.
HINTS: Mapping[str, str] = MappingProxyType(
    {
        "empty_file": "Save the table again as CSV with a header line and rows.",
        "one_class": "Name another column with --label, or add rows of a second class.",
        "no_labels": "Name another column with --label.",
        "too_many_classes": "That looks like free text or an id: name another column with --label.",
        "no_text_column": "Name the column with --text.",
        "unknown_column": "Name one of those with --text or --label.",
        "same_column": "Name two different columns with --text and --label.",
        "all_texts_equal": "Name another column with --text.",
        "class_too_small": "Add rows of it, or drop rare classes with --fix drop_rare.",
        "model_broken": "Remove it (models rm) and pull it again (models pull).",
        "run_not_found": "See `runs list`, or give the run's folder.",
        "disk_full": "Free some space and run the same command again.",
        "out_of_memory": "Take a smaller --batch-size, a shorter --max-length or a smaller --model.",
        "loss_not_finite": "Give a lower --learning-rate.",
        "folder_not_empty": "Give another folder with --out.",
    }
)


def sentence(error: PtmError) -> str:
    """The error in one sentence or two: expected, found, next step."""
    hint = HINTS[error.code].format(**error.params) if error.code in HINTS else error.hint_text
    return f"{error.text} {hint}".strip()

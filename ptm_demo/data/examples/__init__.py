"""The example tables that ship with the studio, written for it: two clean ones and a deliberately dirty one.

Knows their facts, not how they are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Example:
    """One example table.

    Attributes:
        rows: data rows as they are read.
        classes: different labels, once spellings are merged and rare ones dropped.
    """

    name: str
    path: Path
    language: str
    rows: int
    classes: int
    text_column: str
    label_column: str


EXAMPLES: tuple[Example, ...] = (
    Example("support_en", _FOLDER / "support_en.csv", "en", 270, 6, "text", "label"),
    Example("feedback_zh", _FOLDER / "feedback_zh.csv", "zh", 264, 6, "内容", "类别"),
    Example("messy_en", _FOLDER / "messy_en.csv", "en", 139, 4, "comment", "category"),
)

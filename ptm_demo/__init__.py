"""Pretrained Model Studio: pull a pretrained model, look inside it, tune it on a CSV, and share it.

Importing the package is cheap: the one name it offers is loaded when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ptm_demo.estimator import TextClassifier

__version__ = "0.1.0"
__all__ = ["TextClassifier", "__version__"]


def __getattr__(name: str) -> Any:
    if name == "TextClassifier":
        from ptm_demo.estimator import TextClassifier

        return TextClassifier
    raise AttributeError(f"module 'ptm_demo' has no attribute {name!r}")

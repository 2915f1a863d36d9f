"""From a file to texts and labels: reading, guessing the columns, the report of everything wrong, fixes, splitting, writing.

Knows nothing of models; a function that counts tokens may be handed in.
"""

from __future__ import annotations

from ptm_demo.data.check import check
from ptm_demo.data.columns import guess_columns
from ptm_demo.data.examples import EXAMPLES, Example
from ptm_demo.data.fixes import FixResult, apply_fixes
from ptm_demo.data.labelled import LabelledTexts, pick, usable
from ptm_demo.data.limits import Limits
from ptm_demo.data.problems import FIXES, PROBLEMS, ProblemKind
from ptm_demo.data.read import read_csv, read_text
from ptm_demo.data.split import Split, split
from ptm_demo.data.table import Table
from ptm_demo.data.write import ChangedCell, write_csv

__all__ = [
    "EXAMPLES",
    "FIXES",
    "PROBLEMS",
    "ChangedCell",
    "Example",
    "FixResult",
    "LabelledTexts",
    "Limits",
    "ProblemKind",
    "Split",
    "Table",
    "apply_fixes",
    "check",
    "guess_columns",
    "pick",
    "read_csv",
    "read_text",
    "split",
    "usable",
    "write_csv",
]

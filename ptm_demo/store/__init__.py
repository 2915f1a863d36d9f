"""What the studio keeps on disk: finished runs and uploaded tables. Nothing half-written is ever listed.

Knows files, sizes and hashes; nothing of weights, training or pages.
"""

from ptm_demo.store.datasets import DatasetInfo, DatasetStore
from ptm_demo.store.export import export_adapter
from ptm_demo.store.files import zip_folder
from ptm_demo.store.run import Run, RunDraft, draft_run, open_run
from ptm_demo.store.runs import RunStore
from ptm_demo.store.serial import read_json, write_json

__all__ = [
    "DatasetInfo",
    "DatasetStore",
    "Run",
    "RunDraft",
    "RunStore",
    "draft_run",
    "export_adapter",
    "open_run",
    "read_json",
    "write_json",
    "zip_folder",
]

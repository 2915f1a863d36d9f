"""Writes a run as one whole model: its adapters folded into a fresh copy of its base. Staged beside, then moved into place."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ptm_demo.errors import FolderNotEmpty
from ptm_demo.services.classifiers import open_classifier
from ptm_demo.store import Run, write_json
from ptm_demo.store.files import disk_errors, fsync_tree, move_into_place

if TYPE_CHECKING:
    from ptm_demo.hubs import Hubs


def check_new_folder(out: Path) -> None:
    """Refuse a folder that has files before the work, not after it. Raises FolderNotEmpty."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FolderNotEmpty(path=out)


def export_merged(hubs: Hubs, run: Run, out: Path) -> Path:
    """Write safetensors, config, tokenizer and labels.json into the new folder `out`, and return it.

    Raises:
        FolderNotEmpty: `out` has files.
        RunBroken: the run is not what was saved.
        ModelError, HubError: its base model cannot be had.
        DiskFull, StoreError.
    """
    out = out.expanduser().resolve()
    check_new_folder(out)
    run.verify()
    classifier = open_classifier(hubs, run)
    from ptm_demo.models.text_classifier import save_merged

    with disk_errors("the model"):
        out.parent.mkdir(parents=True, exist_ok=True)
        draft = out.with_name(f".{out.name}.{secrets.token_hex(4)}.draft")
        draft.mkdir()
        try:
            save_merged(classifier.loaded, draft)
            write_json(draft / "labels.json", list(classifier.labels))
            fsync_tree(draft)
            move_into_place(draft, out)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return out

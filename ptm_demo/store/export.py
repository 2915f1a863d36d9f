"""A run as others can use it: the adapter in the layout that PEFT and the Hub expect. Merging weights is not done here."""

from __future__ import annotations

import json
import secrets
import shutil
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any

from ptm_demo.errors import FolderNotEmpty
from ptm_demo.store.files import clean_name, disk_errors, fsync_tree, move_into_place, zip_folder
from ptm_demo.store.run import Run

_COPIED = ("labels.json", "metrics.json")
_SCRUBBED = ("base.json", "config.json")  # may name folders


def export_adapter(run: Run, out: Path) -> Path:
    """Write the run's adapter, tokenizer, labels and a README into a new folder `out`, or into an archive when `out` ends in .zip.

    Returns `out`. The training rows, the held-out rows and this machine's paths are not in it.

    Raises:
        FolderNotEmpty: `out` has files. RunBroken: the run is not what was saved. DiskFull, StoreError.
    """
    run.verify()
    out = out.expanduser().resolve()
    is_zip = out.suffix == ".zip"
    if not is_zip and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FolderNotEmpty(path=out)
    with disk_errors("the adapter"):
        out.parent.mkdir(parents=True, exist_ok=True)
        draft = out.with_name(f".{out.name}.{secrets.token_hex(4)}.draft")
        draft.mkdir()
        try:
            _fill(run, draft)
            if is_zip:
                return zip_folder(draft, out)
            fsync_tree(draft)
            move_into_place(draft, out)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return out


def _fill(run: Run, draft: Path) -> None:
    for name in run.manifest.files:
        folder, _, rest = name.partition("/")
        if name in _SCRUBBED:
            _write(draft / name, _without_paths(json.loads((run.path / name).read_bytes())))
        elif name in _COPIED:
            shutil.copyfile(run.path / name, draft / name)
        elif folder in ("adapter", "tokenizer") and rest:
            (draft / rest).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(run.path / name, draft / rest)
    config = draft / "adapter_config.json"
    if config.exists():  # the adapter was trained from a folder of this machine
        base = {"base_model_name_or_path": _public(run.summary.base_model), "revision": run.summary.base_revision or None}
        _write(config, json.loads(config.read_bytes()) | base)
    (draft / "README.md").write_text(_readme(run), encoding="utf-8")


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _public(model_id: str) -> str:
    """A model's id, or the last part of its folder: where things lie on this machine is nobody's business."""
    return PurePath(model_id).name if _is_path(model_id) else model_id


def _without_paths(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_paths(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_paths(item) for item in value]
    return _public(value) if isinstance(value, str) else value


def _is_path(text: str) -> bool:
    return PurePosixPath(text).is_absolute() or PureWindowsPath(text).is_absolute()


def _readme(run: Run) -> str:
    s = run.summary
    base, accuracy = _public(s.base_model), s.accuracy_interval
    # Only an id of the Hub may stand in the front matter: the Hub refuses a card that names anything else.
    on_hub = f"base_model: {json.dumps(base)}\n" if base.count("/") == 1 and ":" not in base else ""
    revision = f" at revision `{s.base_revision}`" if s.base_revision else ""
    labels = "\n".join(f"- {clean_name(label, 200)}" for label in s.labels)
    return f"""---
library_name: peft
pipeline_tag: text-classification
{on_hub}tags:
- lora
---

# {clean_name(s.name)}

A LoRA adapter for text classification, tuned from `{base}`{revision} on {s.rows} rows.

On held-out rows: accuracy {s.accuracy:.3f} ({accuracy.level:.0%} interval {accuracy.low:.3f} to {accuracy.high:.3f},
{accuracy.method}), macro-F1 {s.macro_f1:.3f}.

Labels, in the order of the model's outputs (`labels.json`):

{labels}

`base.json` names the base model and, where it wants one, the prefix that each text gets. The tokenizer lies beside the adapter.
"""

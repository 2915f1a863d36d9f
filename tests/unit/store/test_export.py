from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from ptm_demo.errors import FolderNotEmpty, RunBroken
from ptm_demo.store import RunStore, export_adapter
from tests.unit.store.conftest import keep


def test_the_folder_has_the_layout_of_a_hub_adapter_and_no_rows_or_paths(store: RunStore, tmp_path: Path) -> None:
    run = store.get(keep(store, base_model=str(tmp_path / "models" / "my-bert")).id)
    out = export_adapter(run, tmp_path / "out")
    assert sorted(path.name for path in out.iterdir()) == [
        "README.md", "adapter_config.json", "adapter_model.safetensors", "base.json", "labels.json", "tokenizer.json",
    ]  # fmt: skip
    assert (out / "adapter_model.safetensors").read_bytes() == run.file("adapter/adapter_model.safetensors").read_bytes()
    assert json.loads((out / "labels.json").read_text()) == ["bad", "good"]
    assert json.loads((out / "adapter_config.json").read_text()) == {"base_model_name_or_path": "my-bert", "revision": "abc", "r": 8}
    everything = "".join(path.read_text(errors="replace") for path in out.iterdir())
    assert "a secret row" not in everything
    assert str(tmp_path) not in everything
    readme = (out / "README.md").read_text()
    for fact in ("# reviews", "0.900", "0.850 to 0.940", "95%", "- bad\n- good", "240 rows"):
        assert fact in readme


def test_the_archive_holds_the_same_and_is_the_same_each_time(store: RunStore, tmp_path: Path) -> None:
    run = store.get(keep(store).id)
    folder = export_adapter(run, tmp_path / "out")
    first, second = (export_adapter(run, tmp_path / f"{n}.zip") for n in "ab")
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(("base", "named"), [("distilbert/distilbert-base-uncased", True), ("builtin:minilm", False)])
def test_only_a_hub_id_stands_in_the_front_matter(store: RunStore, tmp_path: Path, base: str, named: bool) -> None:
    readme = (export_adapter(store.get(keep(store, base_model=base).id), tmp_path / "out") / "README.md").read_text()
    assert (f'base_model: "{base}"\n' in readme) is named


def test_a_folder_with_files_is_left_alone_and_a_broken_run_not_exported(store: RunStore, tmp_path: Path) -> None:
    run = store.get(keep(store).id)
    (tmp_path / "x").write_text("")
    with pytest.raises(FolderNotEmpty):
        export_adapter(run, tmp_path)
    weights = run.file("adapter/adapter_model.safetensors")
    weights.write_bytes(b"\xff" + weights.read_bytes()[1:])
    with pytest.raises(RunBroken):
        export_adapter(run, tmp_path / "out")
    assert not (tmp_path / "out").exists()

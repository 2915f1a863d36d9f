"""`evaluate`, `predict`, `export` and `models` on a run of a tiny model: JSON keys, files, and refusals."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from .conftest import Ptm


def test_evaluate(ptm: Ptm, run_folder: Path, films: Path) -> None:
    done = ptm("evaluate", run_folder, films, "--json")
    assert done.status == 0, done.err
    result = done.json
    assert result.keys() >= {"metrics", "confusion", "labels"}
    assert result["labels"] == ["down", "up"]
    assert result["metrics"]["n"] == 72 == sum(map(sum, result["confusion"]))
    right = sum(result["confusion"][i][i] for i in range(2))
    assert result["metrics"]["accuracy"] == pytest.approx(right / 72)
    assert result["metrics"]["accuracy"] > 0.8  # it learned something
    text = ptm("evaluate", run_folder, films).out
    assert "macro-F1" in text
    assert "true \\ predicted" in text


def test_evaluating_the_rows_that_were_held_out_gives_the_runs_own_metrics(ptm: Ptm, run_folder: Path, films: Path, tmp_path: Path) -> None:
    held = json.loads((run_folder / "split.json").read_text("utf-8"))["test"]
    lines = films.read_text("utf-8").splitlines()
    (tmp_path / "held.csv").write_text("\n".join([lines[0], *(lines[row] for row in held)]), "utf-8")
    metrics = ptm("evaluate", run_folder, tmp_path / "held.csv", "--json").json["metrics"]
    kept = json.loads((run_folder / "metrics.json").read_text("utf-8"))
    assert metrics["accuracy"] == kept["accuracy"]
    assert metrics["loss"] == pytest.approx(kept["loss"], abs=1e-5)


def test_evaluate_takes_other_spellings_few_rows_and_other_columns(ptm: Ptm, run_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "few.csv").write_text("stars,verdict,note\n5, UP ,we love this film\n", "utf-8")
    done = ptm("evaluate", run_folder, tmp_path / "few.csv", "--text", "note", "--label", "verdict", "--json")
    assert done.status == 0, done.err
    assert done.json["metrics"]["n"] == 1


def test_predict_texts(ptm: Ptm, run_folder: Path) -> None:
    done = ptm("predict", run_folder, "--text", "this film is good", "this film is bad", "--json")
    predictions = done.json["predictions"]
    assert len(predictions) == 2
    for prediction in predictions:
        assert prediction.keys() >= {"label", "probs"}
        assert prediction["probs"].keys() == {"up", "down"}
        assert sum(prediction["probs"].values()) == pytest.approx(1)
        assert prediction["label"] == max(prediction["probs"], key=prediction["probs"].__getitem__)
    lines = ptm("predict", run_folder, "--text", "this film is good", " ").out.splitlines()
    assert lines[0].split()[0] in {"up", "down"}
    assert lines[1] == "(empty text)"


def test_predict_a_file(ptm: Ptm, run_folder: Path, films: Path, tmp_path: Path) -> None:
    source = tmp_path / "new.csv"
    source.write_text("id,text,probability\n1,this film is good,x\n2,,y\n3,=SUM(A1) is bad,z\n", "utf-8")
    done = ptm("predict", run_folder, "--csv", source, "--out", tmp_path / "out" / "answered.csv", "--json")
    assert done.status == 0, done.err
    result = done.json
    assert (result["text_column"], result["rows"], result["safe_cells"]) == ("text", 3, 1)
    assert [prediction and prediction["label"] in {"up", "down"} for prediction in result["predictions"]] == [True, None, True]
    with (tmp_path / "out" / "answered.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["id", "text", "probability", "predicted_label", "probability (2)", "p(down)", "p(up)"]
    assert rows[0]["probability"] == "x"  # nothing that was there is overwritten
    assert rows[1]["predicted_label"] == rows[1]["p(up)"] == ""
    assert rows[2]["text"] == "'=SUM(A1) is bad"
    assert float(rows[0]["p(up)"]) == pytest.approx(result["predictions"][0]["probs"]["up"], abs=1e-4)
    assert "72 rows" in ptm("predict", run_folder, "--csv", films, "--out", tmp_path / "again.csv").out
    assert len(ptm("predict", run_folder, "--csv", films).out.splitlines()) == 72


def test_predict_a_list_of_texts_without_labels(ptm: Ptm, run_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("sentence\nthis film is good\nthis film is bad\n", "utf-8")
    assert len(ptm("predict", run_folder, "--csv", tmp_path / "list.csv", "--json").json["predictions"]) == 2


@pytest.mark.parametrize("form", ["adapter", "merged"])
def test_export(form: str, ptm: Ptm, run_folder: Path, tmp_path: Path) -> None:
    done = ptm("export", run_folder, "--format", form, "--out", tmp_path / "taken", "--json")
    assert done.status == 0, done.err
    result = done.json
    assert result.keys() >= {"path", "bytes"}
    assert result["path"] == str(tmp_path / "taken")
    files = [path for path in (tmp_path / "taken").rglob("*") if path.is_file()]
    assert result["bytes"] == sum(path.stat().st_size for path in files)
    assert ("adapter_model.safetensors" if form == "adapter" else "model.safetensors") in result["files"]
    again = ptm("export", run_folder, "--format", form, "--out", tmp_path / "taken")
    assert again.status == 2
    assert "files in it" in again.line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["predict", "no-such-run", "--text", "hello"], "no-such-run"),
        (["predict", "20200101-00000000", "--text", "hello"], "20200101-00000000"),
        (["predict", "RUN", "--text", "  "], "blank"),
        (["predict", "RUN", "--text", "hello", "--out", "x.csv"], "--csv"),
        (["predict", "RUN", "--csv", "missing.csv"], "missing.csv"),
        (["predict", "RUN", "--csv", "FILMS", "--column", "nope"], "nope"),
        (["predict", "RUN", "--csv", "FILMS", "--out", "FILMS"], "another file"),
        (["evaluate", "no-such-run", "FILMS"], "no-such-run"),
        (["evaluate", "RUN", "missing.csv"], "missing.csv"),
        (["evaluate", "RUN", "other.csv"], "sideways"),
        (["export", "no-such-run", "--format", "merged", "--out", "x"], "no-such-run"),
        (["runs", "rm", "no-such-run"], "no-such-run"),
        (["runs", "rm", "20200101-00000000"], "20200101-00000000"),
        (["runs", "rm", "RUN"], "lies elsewhere"),
        (["runs", "rename", "RUN", "x"], "lies elsewhere"),
        (["runs", "rename", "20200101-00000000", "x"], "20200101-00000000"),
        (["models", "pull", "builtin:nope"], "builtin:nope"),
        (["models", "pull", "no-such-org/no-such-model"], "no-such-org/no-such-model"),
        (["models", "pull", "not an id"], "not an id"),
        (["models", "pull", "builtin:minilm", "--revision", "nope"], "nope"),
        (["models", "info", "builtin:nope"], "builtin:nope"),
        (["models", "rm", "no-such-org/no-such-model"], "no-such-org/no-such-model"),
        (["serve", "--port", "99999"], "--port"),
    ],
)
def test_what_cannot_be_is_one_line(
    words: list[str], said: str, ptm: Ptm, run_folder: Path, films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.csv").write_text("text,label\nwe love this film,sideways\n", "utf-8")
    places = {"RUN": run_folder, "FILMS": films}
    done = ptm(*(places.get(word, word) for word in words), "--json")
    assert done.status == 2, (done.err, done.out)
    assert done.out == ""
    assert said in done.line
    assert "xpected" in done.line


def test_a_damaged_run_is_told(ptm: Ptm, run_folder: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(run_folder, copy)
    assert ptm("predict", copy, "--text", "this film is good").status == 0  # a run's folder stands alone
    (copy / "adapter" / "adapter_model.safetensors").write_bytes(b"short")
    assert "adapter" in ptm("predict", copy, "--text", "this film is good").line


def test_models(ptm: Ptm) -> None:
    listed = ptm("models", "list", "--json").json["models"]
    assert [model["id"] for model in listed][:2] == ["builtin:minilm", "builtin:e5-small"]
    assert all(model.keys() >= {"id", "source", "path", "bytes"} for model in listed)
    (pulled,) = ptm("models", "pull", "builtin:minilm", "--json").json["models"]
    assert Path(pulled["path"], "model.safetensors").is_file()
    assert pulled["bytes"] > 80_000_000
    (known,) = ptm("models", "info", "builtin:minilm", "--json").json["models"]
    assert known["path"] == pulled["path"]
    assert known["parameters"] == 22_713_216
    assert "builtin:minilm" in ptm("models", "list").out
    assert "apache-2.0" in ptm("models", "info", "builtin:minilm").out


def test_models_rm(ptm: Ptm, tmp_path: Path) -> None:
    home = {"PTM_HOME": str(tmp_path / "home")}
    (pulled,) = ptm("models", "pull", "builtin:minilm", "--json", **home).json["models"]
    (gone,) = ptm("models", "rm", "builtin:minilm", "--json", **home).json["models"]
    assert gone.keys() >= {"id", "source", "path", "bytes"}
    assert gone["bytes"] == pulled["bytes"]
    assert not Path(pulled["path"]).exists()


def test_a_port_in_use_is_told(ptm: Ptm) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = ptm("serve", "--port", str(port))
    assert done.status == 2
    assert str(port) in done.line

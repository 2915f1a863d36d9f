"""`/classify`: the one door for programs, and the snippets that the page shows for it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from gradio_client import Client

from ptm_demo.ui.snippets import curl_snippet, javascript_snippet, python_snippet
from tests.ui.conftest import Served

E2E = Path(__file__).resolve().parents[1] / "e2e"
TEXTS = ["Please reset my password", "The cup arrived in pieces"]


@pytest.fixture(scope="module")
def client(served: Served) -> Client:
    return Client(served.url, verbose=False)


def test_classify_is_the_only_public_endpoint(client: Client) -> None:
    described = client.view_api(return_format="dict", print_info=False)
    assert set(described["named_endpoints"]) == {"/classify"}


def test_classify_answers_what_the_services_answer(client: Client, served: Served) -> None:
    answers = client.predict(run=served.run.id, texts=TEXTS, api_name="/classify")
    expected = served.services.serving.classify(served.run.id, TEXTS, "local")
    assert [answer["label"] for answer in answers] == [p.label for p in expected]
    for answer, prediction in zip(answers, expected, strict=True):
        assert answer["prob"] == pytest.approx(prediction.prob, abs=1e-6)
        assert sum(answer["probs"].values()) == pytest.approx(1, abs=1e-6)
        assert set(answer["probs"]) == set(served.run.labels)


@pytest.mark.parametrize(
    ("run", "texts", "said"),
    [
        ("20990101-00000000", TEXTS, "Expected a run called"),
        ("../../etc", TEXTS, "Expected"),
        ("", TEXTS, "Expected"),
        (None, ["", "  "], "at least one text"),
        (None, [], "at least one text"),
        (None, ["x"] * 10_001, "at most 10000 texts"),
    ],
)
def test_a_bad_request_gets_one_sentence(client: Client, served: Served, run: str | None, texts: list[str], said: str) -> None:
    with pytest.raises(Exception, match=re.escape(said)) as raised:
        client.predict(run=served.run.id if run is None else run, texts=texts, api_name="/classify")
    assert "Traceback" not in str(raised.value)


def labels_in(text: str, served: Served) -> list[str]:
    return [label for line in text.splitlines() for label in served.run.labels if label in line]


def test_the_python_snippet_works_when_pasted(served: Served, tmp_path: Path) -> None:
    script = tmp_path / "ask.py"
    script.write_text(python_snippet(served.url, served.run.id), encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert len(labels_in(done.stdout, served)) == 2


def test_the_curl_snippet_works_when_pasted(served: Served) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    done = subprocess.run(["bash", "-c", curl_snippet(served.url, served.run.id)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    data = next(line for line in done.stdout.splitlines() if line.startswith("data: "))
    assert [answer["label"] in served.run.labels for answer in json.loads(data[6:])[0]] == [True, True]


def test_the_javascript_snippet_works_when_pasted(served: Served, tmp_path: Path) -> None:
    if shutil.which("node") is None or not (E2E / "node_modules" / "@gradio" / "client").is_dir():
        pytest.skip("node or @gradio/client is not installed")
    (tmp_path / "node_modules").symlink_to(E2E / "node_modules", target_is_directory=True)
    script = tmp_path / "ask.mjs"
    script.write_text(javascript_snippet(served.url, served.run.id), encoding="utf-8")
    done = subprocess.run(["node", str(script)], capture_output=True, text=True, timeout=120, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert len(labels_in(done.stdout, served)) == 2


def test_hostile_values_stay_values_in_the_snippets() -> None:
    run = "a'; rm -rf / #\"\n"
    assert json.dumps(run) in python_snippet("http://x", run)
    assert json.dumps(run) in javascript_snippet("http://x", run)
    shown = subprocess.run(["bash", "-n"], input=curl_snippet("http://x/$(touch y)", run), capture_output=True, text=True, check=False)
    assert shown.returncode == 0

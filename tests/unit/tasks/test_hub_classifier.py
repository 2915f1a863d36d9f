"""A classifier as it was published on a hub, beside `transformers.pipeline` on the same folder."""

from pathlib import Path

import pytest
from transformers import pipeline

from ptm_demo.errors import WrongKindOfModel
from ptm_demo.hubs.base import PulledModel
from ptm_demo.services import Services
from ptm_demo.settings import Settings
from ptm_demo.tasks.classify import classify, load_hub_classifier
from tests import tiny

TEXTS = ["the film is good", "a bad book", "good good good food and a very long story about it", "?"]
LABELS = {0: "sad", 1: "<b>glad</b>", 2: "so-so"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tiny.build("bert", tmp_path_factory.mktemp("hub"), head="classifier", std=0.5, num_labels=3, id2label=LABELS)
    tiny.edit_json(
        target / "config.json", id2label={str(n): name for n, name in LABELS.items()}, architectures=["BertForSequenceClassification"]
    )
    return target


def pulled(folder: Path) -> PulledModel:
    return PulledModel("someone/mood", "0" * 40, folder, "huggingface")


def test_answers_as_transformers_own_pipeline_does(folder: Path) -> None:
    reference = pipeline("text-classification", model=str(folder), top_k=None, device="cpu")
    for answer, expected in zip(classify(load_hub_classifier(pulled(folder)), TEXTS), reference(TEXTS), strict=True):
        assert answer.probs == pytest.approx({one["label"]: one["score"] for one in expected}, abs=1e-5)
        assert answer.label == expected[0]["label"]
        assert answer.prob == pytest.approx(expected[0]["score"], abs=1e-5)


@pytest.mark.parametrize("head", ["none", "mlm"])
def test_a_model_without_a_trained_head_is_no_classifier(head: str, tmp_path: Path) -> None:
    with pytest.raises(WrongKindOfModel, match="classify texts"):
        load_hub_classifier(pulled(tiny.build("bert", tmp_path, head=head)))


@pytest.mark.parametrize("kind", ["regression", "multi_label_classification"])
def test_what_scores_instead_of_choosing_is_no_classifier(kind: str, tmp_path: Path) -> None:
    target = tiny.build("bert", tmp_path, head="classifier", num_labels=3)
    tiny.edit_json(target / "config.json", problem_type=kind)
    with pytest.raises(WrongKindOfModel):
        load_hub_classifier(pulled(target))


def test_the_services_ask_it_by_its_id(folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services(settings)
    monkeypatch.setattr(services.serving, "_hubs", type("Hubs", (), {"pull": staticmethod(lambda name: pulled(folder))})())
    answers = services.serving.classify("someone/mood", TEXTS, "anybody")
    assert [answer.label in LABELS.values() for answer in answers] == [True] * len(TEXTS)
    assert services.serving.labels("someone/mood") == tuple(LABELS.values())

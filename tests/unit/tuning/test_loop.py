from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ptm_demo.data import LabelledTexts, Split
from ptm_demo.errors import BadOption, LossNotFinite
from ptm_demo.hubs.base import PulledModel
from ptm_demo.progress import Cancelled, CancelToken, Progress
from ptm_demo.tuning import TuneConfig, Tuned, train
from ptm_demo.tuning.checkpoint import FILE
from ptm_demo.tuning.loop import AVERAGE_KEEP, _Trainer, balanced_weights, hide_tokens
from ptm_demo.tuning.network import trained_parameters
from tests.tiny import pulled_tiny


def weights(tuned: Tuned) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in trained_parameters(tuned.loaded.model).items()}


def same(first: Tuned, second: Tuned) -> bool:
    one, two = weights(first), weights(second)
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def stop_at(step: int, token: CancelToken):  # type: ignore[no-untyped-def]
    def report(progress: Progress) -> None:
        if progress.stage == "train" and progress.done >= step:
            token.cancel()

    return report


def test_it_learns_and_reports_every_step(parts: Split, plan: TuneConfig, tiny: PulledModel) -> None:
    seen: list[Progress] = []
    tuned = train(parts, plan, tiny, folder=None, progress=seen.append)
    assert tuned.labels == ("bad", "good")
    assert tuned.best_macro_f1 > 0.7
    steps = [p for p in seen if p.stage == "train" and "loss" in p.detail]
    assert [p.done for p in steps] == list(range(1, tuned.steps + 1))
    assert {"loss", "learning_rate", "epoch", "rows_per_second", "seconds_left"} <= steps[3].detail.keys()
    assert steps[-1].detail["seconds_left"] == 0
    points = [p for p in tuned.history if p.eval_macro_f1 is not None]
    assert max(p.eval_macro_f1 or 0 for p in points) == tuned.best_macro_f1
    losses = [p.loss for p in tuned.history if p.loss is not None]
    assert losses[-1] < losses[0]


def test_only_adapters_and_head_change(parts: Split, plan: TuneConfig, tiny: PulledModel) -> None:
    tuned = train(parts, plan.but(epochs=1), tiny, folder=None)
    assert all("lora_" in name or "classifier" in name for name in weights(tuned))


def test_the_same_plan_gives_the_same_weights_and_another_seed_others(parts: Split, plan: TuneConfig, tiny: PulledModel) -> None:
    first = train(parts, plan.but(epochs=2), tiny, folder=None)
    torch.rand(7)  # what others draw must not matter
    assert same(first, train(parts, plan.but(epochs=2), tiny, folder=None))
    assert not same(first, train(parts, plan.but(epochs=2, seed=1), tiny, folder=None))


@pytest.mark.parametrize("dropout", [0.0, 0.2])
@pytest.mark.parametrize("step", [1, 11, 12, 30])
def test_a_resumed_run_ends_bit_for_bit_where_an_uninterrupted_one_does(
    parts: Split, plan: TuneConfig, tiny: PulledModel, folder: Path, step: int, dropout: float
) -> None:
    plan = plan.but(lora_dropout=dropout)
    whole = train(parts, plan, tiny, folder=None)
    token = CancelToken()
    with pytest.raises(Cancelled):
        train(parts, plan, tiny, folder=folder, cancel=token, progress=stop_at(step, token))
    seen: list[Progress] = []
    resumed = train(parts, plan, tiny, folder=folder, resume=True, progress=seen.append)
    first = next(p.done for p in seen if p.stage == "train")
    assert first == step + 1
    assert same(whole, resumed)
    assert [(p.step, p.loss, p.eval_loss) for p in resumed.history] == [(p.step, p.loss, p.eval_loss) for p in whole.history]
    assert resumed.best_step == whole.best_step


def test_a_checkpoint_of_other_rows_or_another_plan_is_not_gone_on_from(
    parts: Split, plan: TuneConfig, tiny: PulledModel, folder: Path
) -> None:
    token = CancelToken()
    with pytest.raises(Cancelled):
        train(parts, plan, tiny, folder=folder, cancel=token, progress=stop_at(5, token))
    assert (folder / FILE).is_file()
    seen: list[Progress] = []
    train(parts, plan.but(seed=3, epochs=1), tiny, folder=folder, resume=True, progress=seen.append)
    assert next(p.done for p in seen if p.stage == "train") == 1


def test_a_crash_between_checkpoints_loses_only_the_steps_since(parts: Split, plan: TuneConfig, tiny: PulledModel, folder: Path) -> None:
    def crash(progress: Progress) -> None:
        if progress.stage == "train" and progress.done == 9:
            raise RuntimeError("the power went")

    whole = train(parts, plan, tiny, folder=None)
    with pytest.raises(RuntimeError, match="power"):
        train(parts, plan, tiny, folder=folder, progress=crash, checkpoint_seconds=0.0)
    seen: list[Progress] = []
    resumed = train(parts, plan, tiny, folder=folder, resume=True, progress=seen.append)
    assert next(p.done for p in seen if p.stage == "train") == 9
    assert same(whole, resumed)


def test_early_stopping_keeps_the_best_weights(parts: Split, plan: TuneConfig, tiny: PulledModel) -> None:
    plan = plan.but(epochs=30, early_stopping_patience=1)
    tuned = train(parts, plan, tiny, folder=None)
    assert tuned.stopped_early
    assert tuned.steps < tuned.planned_steps
    scores = [(p.eval_macro_f1, -(p.eval_loss or 0), p.step) for p in tuned.history if p.eval_macro_f1 is not None]
    assert tuned.best_step == max(scores)[2]
    assert len(scores) == [s[2] for s in scores].index(tuned.best_step) + 1 + 1


def test_a_loss_that_is_not_finite_stops_with_its_step(parts: Split, plan: TuneConfig, tiny: PulledModel) -> None:
    with pytest.raises(LossNotFinite) as error:
        train(parts, plan.but(learning_rate=0.1, lora_alpha=1024.0, weight_decay=1.0, max_grad_norm=1000.0, epochs=30,
                              early_stopping_patience=0), _exploding(tiny), folder=None)  # fmt: skip
    assert error.value.params["step"] >= 1


def _exploding(tiny: PulledModel) -> PulledModel:
    from safetensors.torch import load_file, save_file

    target = tiny.path.parent / "exploding"
    target.mkdir(exist_ok=True)
    for path in tiny.path.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    tensors = load_file(target / "model.safetensors")
    name = next(n for n in tensors if n.endswith("embeddings.LayerNorm.weight"))
    tensors[name] = tensors[name] * float("inf")
    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})
    return replace(tiny, path=target)


def test_what_is_kept_is_a_running_average_of_the_weights(parts: Split, plan: TuneConfig, tiny: PulledModel) -> None:
    plan = plan.but(epochs=1, early_stopping_patience=0)
    alone = Split(parts.train, LabelledTexts([], [], []), parts.test)
    seen: list[dict[str, torch.Tensor]] = []
    found: list[object] = []

    def spy(trainer: _Trainer, *args: object) -> None:
        before(trainer, *args)
        seen.append({name: tensor.detach().clone() for name, tensor in trainer.parameters.items()})
        found.append(trainer)

    before = _Trainer._step
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_Trainer, "_step", spy)
        tuned = train(alone, plan, tiny, folder=None)
    name = next(n for n in seen[0] if "lora_B" in n)
    expected = torch.zeros_like(seen[0][name])  # where every adapter starts
    for step, values in enumerate(seen, start=1):
        keep = min(AVERAGE_KEEP, (1 + step) / (10 + step))
        expected = keep * expected + (1 - keep) * values[name]
    assert torch.allclose(weights(tuned)[name], expected, atol=1e-6)


def test_hidden_tokens_are_ordinary_ones_and_about_the_share_asked() -> None:
    ids = torch.randint(10, 90, (40, 50))
    ids[:, 0], ids[:, -1] = 2, 0
    special = torch.tensor([0, 2, 4])
    torch.manual_seed(0)
    hidden = hide_tokens(ids, 0.2, 4, special)
    changed = hidden != ids
    assert (hidden[changed] == 4).all()
    assert not changed[:, 0].any() and not changed[:, -1].any()
    assert changed[:, 1:-1].float().mean().item() == pytest.approx(0.2, abs=0.03)
    assert hide_tokens(ids, 0.0, 4, special) is ids
    assert hide_tokens(ids, 0.2, None, special) is ids


def test_class_weights_are_scikit_learns_and_change_the_result(parts: Split, plan: TuneConfig, tiny: PulledModel) -> None:
    from sklearn.utils.class_weight import compute_class_weight

    truth = np.array([0, 0, 0, 1, 2, 2])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=truth)
    assert balanced_weights(truth, 3).tolist() == pytest.approx(expected.tolist())
    skewed = [i for i, label in enumerate(parts.train.labels) if label == "good" or i % 5 == 0]
    uneven = Split(parts.train.take(skewed), parts.eval, parts.test)
    plain = train(uneven, plan.but(epochs=1), tiny, folder=None)
    assert not same(plain, train(uneven, plan.but(epochs=1, class_weights=True), tiny, folder=None))


def test_target_modules_are_those_chosen(parts: Split, plan: TuneConfig, tiny: PulledModel) -> None:
    def adapted(choice: object) -> set[str]:
        tuned = train(parts, plan.but(epochs=1, target_modules=choice), tiny, folder=None)
        return {name.split(".lora_A")[0].rsplit(".", 1)[-1] for name in weights(tuned) if "lora_A" in name}

    assert adapted("attention") == {"query", "value"}
    assert adapted("all-linear") == adapted("auto") == {"query", "key", "value", "dense"}
    assert adapted(("key",)) == {"key"}
    with pytest.raises(BadOption):
        adapted(("no_such_layer",))


def test_without_validation_rows_the_last_weights_are_kept(parts: Split, plan: TuneConfig, tiny: PulledModel) -> None:
    alone = Split(parts.train, LabelledTexts([], [], []), LabelledTexts([], [], []))
    tuned = train(alone, plan.but(epochs=1), tiny, folder=None)
    assert tuned.best_step == tuned.steps == tuned.planned_steps


@pytest.mark.parametrize("name", ["distilbert", "roberta", "gpt2"])
def test_stock_heads_train_too(parts: Split, plan: TuneConfig, tmp_path: Path, name: str) -> None:
    pulled = pulled_tiny(name, tmp_path, std=0.3)
    tuned = train(parts, plan.but(epochs=2), pulled, folder=None)
    losses = [p.loss for p in tuned.history if p.loss is not None]
    assert losses[-1] < losses[0]

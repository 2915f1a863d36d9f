from __future__ import annotations

import json

import pytest

from ptm_demo.errors import BadOption
from ptm_demo.tuning import PRESETS, TuneConfig


def test_of_takes_the_preset_and_overrides_it() -> None:
    config = TuneConfig.of("quick", epochs=7, learning_rate=None)
    assert config.preset == "quick"
    assert config.epochs == 7
    assert config.learning_rate == PRESETS["quick"].learning_rate
    assert config.lora_r == PRESETS["quick"].lora_r


def test_alpha_follows_the_rank_unless_it_is_given() -> None:
    assert TuneConfig.of("balanced", lora_r=4).lora_alpha == 8.0
    assert TuneConfig.of("balanced", lora_r=4, lora_alpha=3.0).lora_alpha == 3.0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", -1),
        ("epochs", 2.5),
        ("batch_size", 0),
        ("batch_size", True),
        ("learning_rate", 0),
        ("learning_rate", float("nan")),
        ("learning_rate", "1e-3"),
        ("lora_r", 1000),
        ("max_length", 4),
        ("warmup_ratio", 0.9),
        ("seed", -1),
        ("class_weights", "yes"),
        ("target_modules", "everything"),
        ("target_modules", ()),
        ("target_modules", ("query", 3)),
        ("eval_fraction", 0.0),
        ("model_id", "  "),
        ("preset", "slow"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_name(name: str, value: object) -> None:
    with pytest.raises(BadOption) as error:
        TuneConfig(**{name: value})  # type: ignore[arg-type]
    assert error.value.params["option"] == name


def test_unknown_option_and_preset_are_refused() -> None:
    with pytest.raises(BadOption, match="rank"):
        TuneConfig.of("balanced", rank=3)
    with pytest.raises(BadOption, match="nope"):
        TuneConfig.of("nope")


def test_json_round_trip() -> None:
    config = TuneConfig.of("thorough", target_modules=["query", "value"], seed=4, class_weights=True)
    assert TuneConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_few_rows_are_passed_over_more_often() -> None:
    config = TuneConfig.of("balanced")
    preset = PRESETS["balanced"]
    assert config.epochs_for(100_000) == preset.epochs
    few = config.epochs_for(160)
    assert few * 160 / config.batch_size >= preset.min_steps
    assert config.epochs_for(1) <= 30
    assert config.but(epochs=7).epochs_for(160) == 7


def test_many_classes_are_passed_over_more_often() -> None:
    config, preset = TuneConfig.of("balanced"), PRESETS["balanced"]
    assert config.epochs_for(10_000, 2) == preset.epochs
    many = config.epochs_for(10_000, 77)
    assert many > preset.epochs
    assert many * 10_000 / 77 >= preset.min_visits > (many - 1) * 10_000 / 77


def test_validation_rows_are_capped() -> None:
    config = TuneConfig()
    assert config.eval_share(1000) == config.eval_fraction
    assert config.eval_share(60_000) * 60_000 == pytest.approx(600)


def test_a_base_model_may_want_other_values_than_the_preset() -> None:
    e5, minilm = TuneConfig.of("balanced", model_id="builtin:e5-small"), TuneConfig.of("balanced", model_id="builtin:minilm")
    assert (e5.token_dropout, minilm.token_dropout) == (0.0, TuneConfig().token_dropout)
    assert e5.learning_rate < minilm.learning_rate == PRESETS["balanced"].learning_rate
    assert TuneConfig.of("balanced", model_id="builtin:e5-small", learning_rate=2e-3).learning_rate == 2e-3  # what is said outright wins

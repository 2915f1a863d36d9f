"""Every error is a whole sentence with a way out, and survives the way through a process border."""

from __future__ import annotations

import json
import pickle
from string import Formatter

import pytest

from ptm_demo.errors import EmptyFile, PtmError, all_errors

ERRORS = list(all_errors().values())


def example(error: type[PtmError]) -> PtmError:
    """One of this class, its facts filled with numbers or words as they come."""
    facts = {name for text in (error.message, error.hint) for _, name, _, _ in Formatter().parse(text) if name}
    return error(**{name: f"<{name}>" for name in facts})


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
def test_it_says_what_was_expected_and_what_to_do(error: type[PtmError]) -> None:
    assert error.message.endswith(".")
    assert error.hint.endswith(".")
    assert "Expected" in error.message or "{detail}" in error.message


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
def test_it_crosses_a_process_border_unchanged(error: type[PtmError]) -> None:
    one = example(error)
    for other in (PtmError.from_dict(json.loads(json.dumps(one.to_dict()))), pickle.loads(pickle.dumps(one))):  # noqa: S301
        assert type(other) is type(one)
        assert (str(other), other.params) == (str(one), one.params)


def test_a_fact_that_is_missing_is_the_raisers_bug() -> None:
    with pytest.raises(KeyError):
        EmptyFile()


def test_an_error_of_a_newer_version_keeps_its_sentence() -> None:
    assert "the moon is full" in str(PtmError.from_dict({"code": "moon_full", "params": {}, "text": "the moon is full", "hint": ""}))


def test_a_code_never_changes_by_accident() -> None:
    assert EmptyFile.code == "empty_file"
    assert PtmError.code == "ptm_error"


def test_two_errors_cannot_share_a_name() -> None:
    with pytest.raises(TypeError):
        type("EmptyFile", (PtmError,), {})

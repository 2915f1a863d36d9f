import ast
import json
import string
from pathlib import Path

import pytest

from ptm_demo.errors import EmptyFile, PtmError
from ptm_demo.ui.i18n import LANGUAGES, LOCALES, Translator, flatten, load_locale

UI = Path(LOCALES).parent


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def literal_keys() -> set[str]:
    """Every key that the page's code asks for by a plain string."""
    keys = set()
    for file in UI.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "t" and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    keys.add(first.value)
    return keys


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_the_page_asks_for_exists(language: str) -> None:
    keys = literal_keys()
    assert len(keys) > 100
    assert keys - set(load_locale(language)) == set()


def test_both_languages_have_the_same_keys_and_facts() -> None:
    english, chinese = load_locale("en"), load_locale("zh")
    assert set(english) == set(chinese)
    for key, sentence in english.items():
        assert fields(sentence) == fields(chinese[key]), key


def test_no_chinese_sentence_was_left_in_english() -> None:
    same = {key for key, sentence in load_locale("zh").items() if sentence == load_locale("en")[key] and any(c.isalpha() for c in sentence)}
    assert same <= {"metric.f1", "knob.lora_dropout.label", "baseline_short.tfidf"}  # names of the field


def test_an_error_is_told_in_the_page_s_language() -> None:
    message, hint = Translator("zh").error(EmptyFile(name="a.csv"))
    assert "a.csv" in message and "空" in message and hint
    assert Translator("en").error(EmptyFile(name="a.csv")) == (EmptyFile(name="a.csv").text, EmptyFile(name="a.csv").hint_text)


def test_an_error_the_locale_does_not_know_falls_back_to_english() -> None:
    class Newcomer(PtmError):
        message = "new {x}"
        hint = "go"

    try:
        assert Translator("zh").error(Newcomer(x=1)) == ("new 1", "go")
    finally:
        from ptm_demo import errors

        errors._BY_CODE.pop("newcomer")


def test_flatten() -> None:
    assert flatten({"a": {"b": "x"}, "c": "y"}) == {"a.b": "x", "c": "y"}


def test_locales_are_plain_json() -> None:
    for language in LANGUAGES:
        json.loads((LOCALES / f"{language}.json").read_text(encoding="utf-8"))

"""The page says everything in English and in Chinese, and says it nowhere but in its locales."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from string import Formatter

import pytest

from ptm_demo.data.problems import PROBLEMS
from ptm_demo.errors import PtmError, all_errors
from ptm_demo.ui.i18n import LANGUAGES, load_locale
from tests.contract.source import Module, at, constant, dotted, modules

EN, ZH = load_locale("en"), load_locale("zh")
CHINESE = re.compile(r"[\u3400-\u9fff]")
WORDS = re.compile(r"[A-Za-z]{2,}")
# Arguments of components whose text a visitor reads.
READ_KEYWORDS = {
    "label", "placeholder", "info", "title", "description", "submit_btn", "stop_btn", "headers", "x_title", "y_title", "color_title",
    "caption", "show_label_text", "eval_label", "aria_label",
}  # fmt: skip
# Components and messages whose first argument a visitor reads.
READ_FIRST = {
    "Button", "DownloadButton", "UploadButton", "Markdown", "HTML", "Tab", "TabItem", "Accordion", "Step", "Label", "Info", "Warning",
    "Error",
}  # fmt: skip
# Names that are the same in every language.
NAMES = {"Python", "JavaScript", "curl", "CSV", "TSV", "JSON", "LoRA"}


def facts(sentence: str) -> set[str]:
    """The names of the facts that a sentence is filled with."""
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def test_there_is_one_locale_a_language() -> None:
    assert set(LANGUAGES) == {"en", "zh"}


def test_both_languages_have_the_same_keys() -> None:
    assert sorted(set(EN) ^ set(ZH)) == []


@pytest.mark.parametrize("locale", [EN, ZH], ids=["en", "zh"])
def test_every_sentence_is_there_and_can_be_filled(locale: Mapping[str, str]) -> None:
    for key, sentence in locale.items():
        assert isinstance(sentence, str), key
        assert sentence.strip(), f"{key} is empty"
        assert all(name.isidentifier() for name in facts(sentence)), f"{key}: facts have names: {sentence}"


def test_both_languages_name_the_same_facts() -> None:
    differ = [key for key in EN if key in ZH and facts(EN[key]) != facts(ZH[key])]
    assert not differ, differ


def test_chinese_is_chinese() -> None:
    """A value without a Chinese character may only be a name or a sign, which is then the same in both."""
    left = [key for key, sentence in ZH.items() if not CHINESE.search(sentence) and sentence != EN.get(key)]
    assert not left, left
    named = [key for key, sentence in EN.items() if CHINESE.search(sentence) and sentence not in LANGUAGES.values()]
    assert not named, named


@pytest.mark.parametrize("error", all_errors().values(), ids=lambda error: error.code)
def test_every_error_has_its_two_sentences(error: type[PtmError]) -> None:
    key = f"error.{error.code}"
    assert EN[f"{key}.message"] == error.message
    assert EN[f"{key}.hint"] == error.hint
    assert f"{key}.message" in ZH
    assert f"{key}.hint" in ZH


@pytest.mark.parametrize("code", PROBLEMS)
def test_every_problem_has_its_sentence(code: str) -> None:
    assert EN[f"problem.{code}"] == PROBLEMS[code].template
    assert f"problem.{code}" in ZH


@pytest.mark.parametrize("prefix", ["error", "problem"])
def test_no_sentence_outlives_its_error_or_problem(prefix: str) -> None:
    known = set(all_errors()) | set(PROBLEMS)
    assert {key.split(".")[1] for key in EN if key.startswith(f"{prefix}.")} <= known


def test_every_key_that_the_page_names_is_there() -> None:
    missing = []
    for module in page():
        for node in ast.walk(module.tree):
            if not (isinstance(node, ast.Call) and node.args and dotted(node.func).split(".")[-1] == "t"):
                continue
            named = node.args[0]
            if isinstance(named, ast.Constant) and named.value not in EN:
                missing.append(f"{at(module, node)} {named.value}")
            if isinstance(named, ast.JoinedStr) and not any(_pattern(named).fullmatch(key) for key in EN):
                missing.append(f"{at(module, node)} {ast.unparse(named)}")
    assert not missing, "\n".join(missing)


def test_no_sentence_hides_in_the_code_of_the_page() -> None:
    hidden = []
    for module in page():
        docstrings = {id(one) for one in _docstrings(module.tree)}
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and CHINESE.search(node.value):
                if id(node) not in docstrings and not module.name.endswith(".i18n"):
                    hidden.append(f"{at(module, node)} {node.value!r}")
            elif isinstance(node, ast.Call):
                hidden += [f"{at(module, node)} {text!r}" for text in _read_by_a_visitor(node)]
    assert not hidden, "\n".join(hidden)


def page() -> Iterator[Module]:
    return (module for module in modules() if module.room == "ui")


def _pattern(text: ast.JoinedStr) -> re.Pattern[str]:
    return re.compile("".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else r".+" for part in text.values))


def _docstrings(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node) is not None:
            first = node.body[0]
            assert isinstance(first, ast.Expr)
            yield first.value


def _read_by_a_visitor(call: ast.Call) -> Iterator[str]:
    """The literal words in those arguments of a component that are shown."""
    name = dotted(call.func)
    if not name.startswith("gr."):
        return
    shown = [keyword.value for keyword in call.keywords if keyword.arg in READ_KEYWORDS]
    shown += [keyword.value for keyword in call.keywords if keyword.arg == "value" and name[3:] in READ_FIRST]
    shown += call.args[:1] if name[3:] in READ_FIRST else []
    for value in shown:
        for part in value.elts if isinstance(value, ast.List | ast.Tuple) else [value]:
            pieces = part.values if isinstance(part, ast.JoinedStr) else [part]
            for piece in pieces:
                text = constant(piece)
                if isinstance(text, str) and text not in NAMES and WORDS.search(re.sub(r"<[^>]*>?|&\w+;|^[^<]*>", "", text)):
                    yield text

"""The page's sentences in two languages, by key. Knows nothing of Gradio.

A locale is one JSON file of nested objects whose leaves are sentences with ``{named}`` facts. Each language has its
own page ("/" and "/zh"), built once with its own `Translator`, so nothing is translated in the browser.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ptm_demo.errors import PtmError

LOCALES = Path(__file__).parent / "locales"
LANGUAGES = {"en": "English", "zh": "中文"}


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested objects as one mapping of dotted keys to sentences."""
    flat: dict[str, str] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


@cache
def load_locale(language: str) -> Mapping[str, str]:
    """All sentences of one language, by dotted key."""
    return flatten(json.loads((LOCALES / f"{language}.json").read_text(encoding="utf-8")))


class Translator:
    """`t("tab.title")`, `t("data.rows", rows=12)`: the sentence of a key in one language.

    Raises:
        KeyError: for a key that the locale lacks. A test asks for every key that the code names, so a page never meets it.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._sentences = load_locale(language)

    def __call__(self, key: str, **facts: Any) -> str:
        sentence = self._sentences[key]
        return sentence.format(**facts) if facts else sentence

    def has(self, key: str) -> bool:
        return key in self._sentences

    def error(self, error: PtmError) -> tuple[str, str]:
        """(message, hint) of an error in this language; English from the error itself when the locale lacks it."""
        key = f"error.{error.code}"
        if not self.has(f"{key}.message"):
            return error.text, error.hint_text
        return self(f"{key}.message", **error.params), self(f"{key}.hint", **error.params)

"""Which script, and roughly which language, texts are in: enough to choose between an English and a multilingual model.

It is no language identifier: Latin letters count as English unless the common English words are missing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

ENGLISH_MODEL = "builtin:minilm"
MULTILINGUAL_MODEL = "builtin:e5-small"
# From this share of texts in another script on, the English model would see too many unknown pieces.
NOTABLE = 0.1

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_OTHER = re.compile("[\u0370-\u1fff\u3041-\u30ff\u3105-\u312f\uac00-\ud7af\uff66-\uff9f]")
_WORD = re.compile(r"[^\W\d_]+")
# Words that English cannot do without and that its neighbours do not share.
_ENGLISH = frozenset(
    (
        "the", "and", "is", "of", "to", "you", "it", "my", "for", "that", "with", "this", "are", "have", "be", "but", "your",
        "they", "what", "how", "can", "would", "there", "from", "been", "will", "which", "were", "has", "had", "not", "do",
        "does", "did", "if", "when", "why", "who", "where", "we", "i", "he", "she", "his", "her", "its", "our", "their", "as",
        "by", "at", "or", "an", "very", "just", "all", "out", "up", "about", "than", "then", "them",
    )
)  # fmt: skip


def script_of(text: str) -> str:
    """ "zh", "en" (Latin letters), "other", "mixed", or "" for a text without letters."""
    if text.isascii():
        return "en" if _LATIN.search(text) else ""
    # One Chinese character says about as much as three Latin letters.
    han, latin, other = 3 * len(_HAN.findall(text)), len(_LATIN.findall(text)), 2 * len(_OTHER.findall(text))
    total = han + latin + other
    if not total:
        return ""
    if other >= 0.25 * total:
        return "other"  # kana or Hangul between Chinese characters too
    if han >= 0.75 * total:
        return "zh"
    return "en" if latin >= 0.8 * total else "mixed"


def languages(texts: Sequence[str]) -> dict[str, int]:
    """Number of texts by group ("en", "zh", "mixed", "other"), most frequent first; texts without letters are not counted."""
    scripts = [script_of(text) for text in texts]
    latin = [text for text, script in zip(texts, scripts, strict=True) if script == "en"]
    if _is_foreign(latin):
        scripts = ["other" if script == "en" else script for script in scripts]
    return dict(Counter(script for script in scripts if script).most_common())


def _is_foreign(texts: Sequence[str]) -> bool:
    """Whether texts in Latin letters are in another language than English: few of the longer ones have an English word."""
    step = max(1, len(texts) // 500)
    longer = [words for text in texts[::step] if len(words := _WORD.findall(text.casefold())) >= 5]
    if len(longer) < 5:
        return False
    english = sum(1 for words in longer if sum(word in _ENGLISH for word in words) >= max(1, 0.08 * len(words)))
    return english < 0.4 * len(longer)


def suggest_model(groups: dict[str, int]) -> str:
    """The built-in model for texts of these groups."""
    total = sum(groups.values())
    return MULTILINGUAL_MODEL if total and total - groups.get("en", 0) >= NOTABLE * total else ENGLISH_MODEL

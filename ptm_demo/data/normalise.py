"""When two texts, or two labels, count as the same. Knows nothing of tables.

Three strengths for texts: `clean` (no spaces around, nothing invisible), `text_key` (also no case, width or kind of space)
and `loose_key` (also no punctuation). Symbols that carry meaning stay in every one of them: emoji, +, #, $, %, digits.
"""

from __future__ import annotations

import re
import unicodedata

# C0 and C1 controls but for tab and line ends, and the zero-width space and mark; the joiners of emoji and Persian stay.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u2060\ufeff]")
GARBLED = re.compile("\ufffd|Ã[\x80-\xbf\u0192\u201a-\u2122]|â€|ï»¿")
PLACEHOLDERS = frozenset(
    ("na", "n/a", "#n/a", "nan", "null", "none", "nil", "-", "--", "?", "missing", "unknown", "无", "空", "暂无", "未知", "没有")
)
_PUNCTUATION = re.compile(
    r"[\s.,!?;:'\"()\[\]{}\-_~*/\\`\u00a1\u00ab\u00b4\u00b7\u00bb\u00bf\u2000-\u206f\u3000-\u3003\u3008-\u3020\u3030\ufe30-\ufe4f]+"
)
_JOIN = re.compile(r"(?<=[^\W\d_])[\s_\-]+(?=[^\W\d_])")
_NUMBER = re.compile(r"[+\-]?(?:\d+(?:[.,]\d+)*|[.,]\d+)(?:[eE][+\-]?\d+)?\s*[%€$£¥]?")


def clean(text: str) -> str:
    """Without invisible control characters, and without space around."""
    if CONTROL.search(text):
        text = CONTROL.sub("", text)
    return text.strip()


def text_key(text: str) -> str:
    """The same for texts that differ only in case, full or half width, or kind and number of spaces."""
    text = clean(text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())


def loose_key(text: str) -> str:
    """The same for texts that differ only in that or in punctuation; a text of nothing else keeps its `text_key`."""
    key = text_key(text)
    return _PUNCTUATION.sub("", key) or key


def label_key(label: str) -> str:
    """The same for labels that differ only in case, width, or in spaces, hyphens and underscores between letters."""
    return _JOIN.sub(" ", text_key(label))


def is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text.strip()) is not None


def is_placeholder(text: str) -> bool:
    """Whether a cell says that it has no value, in words."""
    return len(text) <= 12 and text.strip().casefold() in PLACEHOLDERS

"""Bytes to text: which encoding a file is in. Knows nothing of rows and columns.

The order matters: a byte-order mark, then UTF-16 by where its zero bytes lie, then strict UTF-8, which hardly any other
encoding passes by chance; then GB18030 if its characters are common Chinese ones, Shift JIS or EUC-JP if there is kana, then
Windows-1252 or Latin-1 if the letters look Western European; only then does charset-normalizer guess, on a bounded sample.
"""

from __future__ import annotations

import codecs
import re

from ptm_demo.errors import NotATable, UnknownEncoding

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig", "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "utf-32"),  # before UTF-16: its mark begins with the same bytes
    (codecs.BOM_UTF32_BE, "utf-32", "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16"),
)
_SAMPLE = 100_000
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff]")
# The commonest characters and marks of written Chinese: a third of any running text, next to none of a misread one.
_COMMON_CHINESE = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同"
    "现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最"
    "重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义"
    "各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科"
    "司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运"
    "买送快差吃味店贵服客快递质退换包装价钱慢，。！？、：；（）“”"
)


def decode(data: bytes, name: str) -> tuple[str, str]:
    """The text of these bytes, without a byte-order mark, and the encoding's name.

    Raises:
        UnknownEncoding: none of the known encodings fits.
        NotATable: the bytes are no text at all.
    """
    for mark, codec, label in _BOMS:
        if data.startswith(mark):
            text = _strict(data, codec)
            if text is None and codec.startswith("utf-16"):
                text = _strict(data[: len(data) // 2 * 2], codec)  # a file that was cut in the middle of a character
            if text is None:
                raise UnknownEncoding(name=name)
            return _checked(text, name), label
    if b"\x00" in data:
        found = _utf16(data)
        if found is not None:
            return _checked(found[0], name), found[1]
    text = _utf8(data)
    if text is not None:
        return _checked(text, name), "utf-8"
    for guess in (_chinese, _japanese, _western, _by_statistics):
        found = guess(data)
        if found is not None:
            return _checked(found[0], name), found[1]
    if _too_unprintable(data[:_SAMPLE].decode("latin-1")):
        raise NotATable(name=name, found="binary data")
    raise UnknownEncoding(name=name)


def _strict(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, LookupError):
        return None


def _utf16(data: bytes) -> tuple[str, str] | None:
    """UTF-16 without a mark: ASCII separators and line ends have their zero byte always on the same side."""
    sample = data[:_SAMPLE]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    codec = "utf-16-le" if odd > even else "utf-16-be"
    if max(even, odd) < 10 * min(even, odd):
        return None
    text = _strict(data[: len(data) // 2 * 2], codec)
    if text is None or "\x00" in text[:_SAMPLE] or not re.search(r"[\r\n,;\t|]", text[:_SAMPLE]):
        return None
    return text, codec


def _utf8(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(data) - 3 and error.reason == "unexpected end of data":
            return data[: error.start].decode("utf-8")
    text = data.decode("utf-8", errors="replace")
    bad = text.count("\ufffd")
    good = sum(1 for char in text if char > "\x7f") - bad
    # A few broken characters in a file that is otherwise UTF-8; the report will show the rows.
    return text if good >= 20 * bad else None


def _chinese(data: bytes) -> tuple[str, str] | None:
    text = _strict(data, "gb18030")
    if text is None:
        return None
    foreign = [char for char in text[:_SAMPLE] if char > "\x7f"]
    if not foreign:
        return None
    # A Latin-1 letter followed by an ASCII one also makes a GB18030 pair, but never a pair of the old, common set.
    everyday = sum(1 for char in foreign if _in_gb2312(char)) / len(foreign)
    common = sum(1 for char in foreign if char in _COMMON_CHINESE) / len(foreign)
    fits = everyday >= 0.9 and (common >= 0.15 or len(foreign) < 20)
    return (text, "gb18030") if fits else None


def _japanese(data: bytes) -> tuple[str, str] | None:
    """Shift JIS or EUC-JP when a good part is kana; a short text is too little for statistics."""
    for codec in ("shift_jis", "euc_jp"):
        text = _strict(data, codec)
        foreign = [char for char in (text or "")[:_SAMPLE] if char > "\x7f"]
        if text is not None and sum(1 for char in foreign if "\u3041" <= char <= "\u30fe") >= 0.25 * len(foreign):
            return text, codec
    return None


def _in_gb2312(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _western(data: bytes) -> tuple[str, str] | None:
    """Windows-1252, else Latin-1, when most letters are plain and the others are Western European."""
    text = _strict(data, "cp1252")
    codec = "cp1252"
    if text is None:
        text, codec = data.decode("latin-1"), "latin-1"
    sample = text[:_SAMPLE]
    plain = sum(1 for char in sample if char.isascii() and char.isalpha())
    accented = sum(1 for char in sample if char > "\x7f" and char.isalpha())
    odd = sum(1 for char in sample if "\x7f" < char < "\xa0")
    if accented > 0.35 * (plain + accented) or odd > 0.02 * len(sample) or _too_unprintable(sample):
        return None
    return text, codec


def _by_statistics(data: bytes) -> tuple[str, str] | None:
    from charset_normalizer import from_bytes

    end = data.rfind(b"\n", 0, 30_000) + 1 if len(data) > 30_000 else len(data)
    sample = data[: end or 30_000]
    if _too_unprintable(sample.decode("latin-1").translate(_HIGH_TO_LETTER)):
        return None
    best = from_bytes(sample, enable_fallback=False).best()
    if best is None:
        return None
    text = _strict(data, best.encoding)
    return None if text is None else (text, best.encoding)


_HIGH_TO_LETTER = dict.fromkeys(range(0x80, 0x100), "x")


def _too_unprintable(text: str, share: float = 0.05) -> bool:
    sample = text[:_SAMPLE]
    return len(_UNPRINTABLE.findall(sample)) > share * len(sample) + 1


def _checked(text: str, name: str) -> str:
    if _too_unprintable(text, 0.25):  # it is valid text, so it takes more to doubt it
        raise NotATable(name=name, found="binary data")
    return text.removeprefix("\ufeff")

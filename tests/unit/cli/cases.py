"""Files that no classifier can be trained on, and odd ones that are read all the same. Made on the spot; nothing is stored."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from types import MappingProxyType

TEXTS = ("the parcel never came", "please send my money back", "the box arrived broken", "where is my order now", "I want a refund today",
         "the screen has a crack")  # fmt: skip
LABELS = ("delivery", "refund", "damage", "delivery", "refund", "damage")


def rows(
    count: int, delimiter: str = ",", texts: tuple[str, ...] = TEXTS, labels: tuple[str, ...] = LABELS, header: str = "text,label"
) -> str:
    lines = [header.replace(",", delimiter)]
    lines += [f"{texts[i % len(texts)]} {i}{delimiter}{labels[i % len(labels)]}" for i in range(count)]
    return "\n".join(lines) + "\n"


def zipped() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("[Content_Types].xml", "<Types/>")
    return held.getvalue()


def plain_zip() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("a.txt", "hello")
    return held.getvalue()


CHINESE = tuple(f"{text}，请尽快处理" for text in ("快递一直没有送到", "我要求退款", "收到的时候屏幕已经碎了"))

# name: (bytes of the file, a word that the one line must hold)
BAD: Mapping[str, tuple[Callable[[], bytes], str]] = MappingProxyType(
    {
        "empty": (lambda: b"", "empty"),
        "blank lines": (lambda: b"\n \n\n", "empty"),
        "header only": (lambda: b"text,label\n", "empty"),
        "one column": (lambda: ("text\n" + "\n".join(TEXTS * 5)).encode(), "two columns"),
        "one class": (lambda: rows(40, labels=("same",)).encode(), "two different labels"),
        "three rows": (lambda: rows(3).encode(), "usable rows"),
        "200,000 rows": (lambda: rows(200_000).encode(), "100000 rows"),
        "60 MB": (lambda: b"text,label\n" + b"a long text without an end,label\n" * (60 * 1024 * 1024 // 33), "50 MB"),
        "HTML": (lambda: b"<!DOCTYPE html><html><body><table><tr><td>1</td></tr></table></body></html>", "HTML"),
        "zip": (plain_zip, "ZIP"),
        "xlsx": (zipped, "Excel"),
        "JSON": (lambda: b'[{"text": "a", "label": "b"}]', "JSON"),
        "gzip": (lambda: b"\x1f\x8b\x08\x00" + b"\x00" * 40, "GZIP"),
        "unclosed quote": (lambda: (rows(30) + '"never closed,label\n' + rows(30)).encode(), "quotation mark"),
        "numbers as texts": (lambda: ("text,label\n" + "\n".join(f"{i}.5,{'ab'[i % 2]}" for i in range(60))).encode(), "sentences"),
        "all texts equal": (
            lambda: ("text,label\n" + "\n".join(f"the same text,{'ab'[i % 2]}" for i in range(60))).encode(),
            "different texts",
        ),
        "no labels": (lambda: ("text,label\n" + "\n".join(f"{TEXTS[i % 6]} {i}," for i in range(40))).encode(), "label"),
        "a label a row": (lambda: ("text,label\n" + "\n".join(f"{TEXTS[i % 6]} {i},label {i}" for i in range(60))).encode(), "classes"),
    }
)

# name: (bytes, encoding that is told, delimiter that is told, a label that must be there)
ODD: Mapping[str, tuple[bytes, str, str, str]] = MappingProxyType(
    {
        "UTF-8 with a mark": (b"\xef\xbb\xbf" + rows(40).encode(), "utf-8", ",", "refund"),
        "UTF-16": (rows(40).encode("utf-16"), "utf-16", ",", "refund"),
        "GB18030": (rows(60, texts=CHINESE, labels=("物流", "退款", "破损")).encode("gb18030"), "gb18030", ",", "退款"),
        "Latin-1": (rows(60, texts=("le colis est cassé", "remboursement demandé", "où est ma commande à présent"),
                         labels=("cassé", "rembourser", "délai")).encode("latin-1"), "", ",", "cassé"),
        "semicolons": (rows(40, ";").encode(), "utf-8", ";", "refund"),
        "tabs": (rows(40, "\t").encode(), "utf-8", "\t", "refund"),
        "NA and 007 as labels": (rows(40, labels=("NA", "007")).encode(), "utf-8", ",", "007"),
        "ragged rows": ((rows(40) + "a row with, too many, cells\nshort\n").encode(), "utf-8", ",", "refund"),
        "duplicate headers": (rows(40, header="text,text").encode(), "utf-8", ",", "refund"),
        "a class with one row": ((rows(40) + "the only one of its kind,lonely\n").encode(), "utf-8", ",", "lonely"),
    }
)  # fmt: skip

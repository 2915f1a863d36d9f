"""What a file really is, from its first bytes: a zip named .csv is still a zip. Knows nothing of tables."""

from __future__ import annotations

import json
import re

# The names need no translation: they are what the formats are called in every language.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "PDF"),
    (b"\x1f\x8b", "GZIP"),
    (b"BZh", "BZIP2"),
    (b"\xfd7zXZ\x00", "XZ"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!", "RAR"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "XLS (Excel)"),
    (b"PAR1", "Parquet"),
    (b"ARROW1", "Arrow"),
    (b"Obj\x01", "Avro"),
    (b"SQLite format 3\x00", "SQLite"),
    (b"\x89HDF", "HDF5"),
    (b"\x93NUMPY", "NumPy"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"\x7fELF", "ELF"),
    (b"{\\rtf", "RTF"),
    (b"OggS", "Ogg"),
    (b"ID3", "MP3"),
    (b"GGUF", "GGUF"),
)
_HTML = re.compile(rb"\s*(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body|table|div|script)\b", re.IGNORECASE | re.DOTALL)
_XML = re.compile(rb"\s*<(?:\?xml|svg)\b", re.IGNORECASE)
_JSON_START = re.compile(r'\s*(?:\{\s*(?:"|\}|$)|\[\s*(?:[\[{"\]]|$))')
_BIGGEST_JSON = 4_000_000


def kind_of(data: bytes) -> str:
    """The format's name when the bytes are plainly not a text table, else ""."""
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"):
        return _kind_of_zip(data)
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return name
    if data[:4] == b"RIFF":
        return {b"WEBP": "WebP", b"WAVE": "WAV"}.get(data[8:12], "RIFF")
    if data[4:8] == b"ftyp":
        return "MP4"
    if re.match(rb"\x80[\x02-\x05][\x8c\x95}\]cX(]", data):
        return "pickle"
    head = data[:4096].removeprefix(b"\xef\xbb\xbf")
    if _HTML.match(head):
        return "HTML"
    return "XML" if _XML.match(head) else ""


def _kind_of_zip(data: bytes) -> str:
    if b"xl/" in data and b"[Content_Types].xml" in data:
        return "XLSX (Excel)"
    if b"word/" in data and b"[Content_Types].xml" in data:
        return "DOCX (Word)"
    if b"opendocument.spreadsheet" in data[:200]:
        return "ODS"
    return "ZIP"


def is_json(text: str) -> bool:
    """Whether the text is JSON or JSON lines rather than a table that happens to begin with a bracket."""
    if not _JSON_START.match(text[:200]):
        return False
    first_line = text.lstrip().split("\n", 1)[0]
    whole = text if len(text) <= _BIGGEST_JSON else ""
    for candidate in (first_line, whole):
        try:
            if isinstance(json.loads(candidate), dict | list):
                return True
        except (ValueError, RecursionError):
            continue
    return not whole and text.rstrip()[-1:] in ("}", "]")

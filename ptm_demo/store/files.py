"""Files that are whole or absent: written aside, flushed to the disk, renamed. Knows nothing of what is in them."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import sys
import time
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ptm_demo.errors import BadOption, PtmError, StoreError, disk_full

_PIECE = 1024 * 1024


@contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Turn the system's errors inside the block into DiskFull, or a StoreError about `what` (such as "the run").

    A full disk is also known when another language's writer tells it in an exception of its own.
    """
    try:
        yield
    except PtmError:
        raise
    except Exception as error:
        if (full := disk_full(error, what)) is not None:
            raise full from error
        if isinstance(error, OSError):
            raise StoreError(detail=f"{what}: {error.strerror or error}") from error
        raise


def atomic_write_bytes(path: Path, data: bytes) -> None:
    """Write the file so that a reader, or a crash, sees the old or the new content. Raises OSError."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    fsync_dir(path.parent)


def fsync_dir(path: Path) -> None:
    """Make names in the folder survive a power cut. Where a folder cannot be flushed (Windows) there is no such need."""
    if sys.platform == "win32":
        return
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def fsync_tree(folder: Path) -> None:
    """Flush every file and folder below, and the folder."""
    for path in files_below(folder):
        # Elsewhere a file that may only be read can be flushed too (tokenizer files come from read-only packages).
        with path.open("rb+" if sys.platform == "win32" else "rb") as file:
            os.fsync(file.fileno())
    for path in folder.rglob("*"):
        if path.is_dir():
            fsync_dir(path)
    fsync_dir(folder)


def files_below(folder: Path) -> list[Path]:
    """Every regular file below, sorted. Symbolic links are not followed: they may lead out of the folder."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def size_of(folder: Path) -> int:
    """Bytes of all files below."""
    return sum(path.stat().st_size for path in files_below(folder))


def sha256_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def move_into_place(staging: Path, target: Path) -> None:
    """Rename a finished, flushed folder; once this returns it is there after any crash. Raises OSError."""
    with suppress(FileNotFoundError):
        target.rmdir()  # an empty folder may be replaced; one with files in it raises
    staging.rename(target)
    fsync_dir(target.parent)


def remove_folder(folder: Path, trash: Path) -> int:
    """Take the folder away in one step, then its bytes. Returns how many there were."""
    freed = size_of(folder)
    trash.mkdir(parents=True, exist_ok=True, mode=0o700)
    gone = trash / f"{folder.name}-{secrets.token_hex(4)}"
    folder.rename(gone)
    fsync_dir(folder.parent)
    shutil.rmtree(gone, ignore_errors=True)
    return freed


def sweep(folder: Path, older_than: float) -> None:
    """Remove what a crash left in a folder of drafts or trash, if nothing in it changed for `older_than` seconds."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        with suppress(OSError):
            newest = max(item.lstat().st_mtime for item in (path, *path.rglob("*")))
            if time.time() - newest > older_than:
                shutil.rmtree(path, ignore_errors=True)


def zip_folder(folder: Path, out: Path) -> Path:
    """Pack the folder's files into `out`; the same content gives the same bytes. Returns `out`.

    Raises:
        DiskFull, StoreError.
    """
    part = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
    with disk_errors("the archive"):
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            with zipfile.ZipFile(part, "w") as archive:
                for path in files_below(folder):
                    if path in (part, out):
                        continue
                    entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), date_time=(1980, 1, 1, 0, 0, 0))
                    entry.external_attr = 0o100644 << 16
                    # Weights do not shrink; packing them would only take time.
                    entry.compress_type = zipfile.ZIP_STORED if path.suffix == ".safetensors" else zipfile.ZIP_DEFLATED
                    with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as sink:
                        shutil.copyfileobj(source, sink, _PIECE)
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)
    return out


def clean_name(text: str, limit: int = 80) -> str:
    """The text without what cannot be shown (control characters, line breaks, lone surrogates, bidi overrides), cut to `limit`."""
    shown = "".join(" " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char for char in text if not _hidden(char))
    return " ".join(shown.split())[:limit].strip()


def check_name(text: str, limit: int = 80) -> str:
    """A name that a person gave, stripped. Raises BadOption when it is empty, too long, or has control characters."""
    name = text.strip()
    if not 1 <= len(name) <= limit or any(unicodedata.category(char) in ("Cc", "Zl", "Zp") or _hidden(char) for char in name):
        found = clean_name(name, 60) or "nothing"
        raise BadOption(option="the name", expected=f"1 to {limit} characters on one line", found=f"“{found}”")
    return name


def _hidden(char: str) -> bool:
    """Lone surrogates cannot be written; bidi controls would turn the text around them."""
    return unicodedata.category(char) == "Cs" or char in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

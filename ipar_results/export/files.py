"""Atomic writer of files, which never overwrites a file unless asked to."""

from __future__ import annotations

import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

_LONGEST_STEM = 40


def check_target(path: str | os.PathLike[str], overwrite: bool) -> Path:
    """Return the absolute path, or raise an OSError if nothing can be written there.

    Called before the content is made.
    """
    target = Path(os.path.expanduser(path))
    if target.is_dir():
        msg = f"{str(target)!r} is a folder: add a file name"
        raise IsADirectoryError(msg)
    target = Path(os.path.realpath(target))  # a symbolic link is kept
    if not target.parent.is_dir():
        msg = f"there is no folder {str(target.parent)!r}: make it first"
        raise FileNotFoundError(msg)
    if os.path.lexists(target) and not overwrite:
        msg = f"{str(target)!r} exists already: choose another name, or pass overwrite=True to replace it"
        raise FileExistsError(msg)
    return target


def write_file(path: str | os.PathLike[str], texts: Iterable[str], overwrite: bool = False) -> Path:
    """Write a file beside its target and move it there once it is complete; return its absolute path.

    If that raises an OSError, an existing file is unchanged, and no partial file is left.
    """
    target = check_target(path, overwrite)
    beside = target.with_name(f".{target.name[:100]}.{uuid.uuid4().hex[:8]}.part")
    try:
        # tempfile would make a file that only its owner can read
        with open(beside, "x", encoding="utf-8", errors="backslashreplace", newline="") as file:
            file.writelines(texts)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, beside)
        os.replace(beside, check_target(path, overwrite))
    except PermissionError as error:
        msg = f"not allowed to write {str(target)!r}: choose a folder that you may write to"
        raise PermissionError(error.errno, msg) from error
    except OSError as error:
        if error.errno is None:  # of check_target
            raise
        msg = f"cannot write {os.fspath(path)!r}: {error.strerror}"  # the error names the file beside it
        raise type(error)(error.errno, msg) from error
    finally:
        beside.unlink(missing_ok=True)
    return target


def save_under_free_name(save: Callable[[Path], Path], folder: Path, name: str, suffix: str) -> Path:
    """Save a file in a folder, named after a result and the time, with a number where that is taken.

    ``save(path)`` raises FileExistsError where there is a file; so does this where a hundred names are taken.
    """
    stem = re.sub(r"[^\w.-]+", "_", name)[:_LONGEST_STEM].strip("._") or "result"
    stem += datetime.now().strftime("-%Y%m%d-%H%M%S")
    for n in range(100):
        free_path = folder / f"{stem}{f'-{n + 1}' if n else ''}{suffix}"
        try:
            save(free_path)
            return free_path
        except FileExistsError:
            continue
    msg = f"A hundred files named {stem}… are there already."
    raise FileExistsError(msg)

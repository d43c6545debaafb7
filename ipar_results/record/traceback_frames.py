"""Parser of remote tracebacks, which tells frames of the user's code from those of libraries."""

from __future__ import annotations

import linecache
import re
from dataclasses import dataclass, field

from ..model.snapshot import WHOLE_TRACEBACK

_MAX_USER_FRAMES = 8
_CONTEXT = 2  # lines of source before that of a frame
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_FRAME = re.compile(
    r'^ {0,4}(?:File|Cell) "?(?P<file>[^\n]{1,300}?)"?(?::|, line )(?P<line>\d{1,9})'
    r"(?:, in (?P<function>[^\n(]{1,200}))?"
)
_LIBRARY = re.compile(
    r"[\\/](?:site|dist)-packages[\\/]|[\\/]lib(?:64)?[\\/]python\d|^[A-Z]:\\.*\\Lib\\|"
    r"[\\/]ipyparallel[\\/]|^<(?:frozen |__|decorator-gen)"
)
_NO_SOURCE = "'Could not get source"


@dataclass
class Frame:
    """Frame of a traceback: its header and the lines of source below."""

    file: str
    line: int
    function: str
    lines: list[str] = field(default_factory=list)

    @property
    def place(self) -> str:
        """Function, or else the file, and line."""
        name = self.function.rpartition(".")[2] or self.file.replace("\\", "/").rpartition("/")[2]
        return f"{name}, line {self.line}"

    @property
    def in_library(self) -> bool:
        """Whether it is in an installed package, the standard library or the call by ipyparallel."""
        called = self.file == "<string>" and not self.function
        return called or _LIBRARY.search(self.file) is not None

    def text(self) -> str:
        """Return header and source, which this process has of functions that its own cells define."""
        if len(self.lines) > 1 and not any(_NO_SOURCE in line for line in self.lines):
            return "\n".join(self.lines)
        # Entries without a time are not files: no text of a task makes this process read one.
        entry = linecache.cache.get(self.file, ())
        source = entry[2] if len(entry) == 4 and entry[1] is None else []
        shown = range(max(1, self.line - _CONTEXT), min(len(source), self.line + 1) + 1)
        numbered = [_number(n, source[n - 1].rstrip("\n"), n == self.line) for n in shown]
        return "\n".join([self.lines[0], *numbered])


def parse_frames(traceback: str) -> tuple[list[Frame], str]:
    """Return the frames of a traceback in order, and the text below them: exception and message."""
    frames: list[Frame] = []
    below: list[str] = []
    for line in traceback.split("\n"):
        plain = _ANSI.sub("", line)
        if match := _FRAME.match(plain):
            frames.append(Frame(match["file"], int(match["line"]), (match["function"] or "").strip(), [line]))
            below = []
        elif frames and not below and plain[:1] in (" ", "\t", "-"):
            frames[-1].lines.append(line)
        elif frames:
            below.append(line)
    return frames, "\n".join(below).strip("\n")


def find_place(traceback: str) -> str:
    """Return the last frame that is not a library's, as in ``"solve, line 13"``.

    Returns the last frame of all if none is the user's, and an empty text if there is no frame.
    """
    frames, _ = parse_frames(traceback)
    return next((frame.place for frame in [*reversed(frames)] if not frame.in_library), "") or (
        frames[-1].place if frames else ""
    )


def put_user_frames_first(traceback: str) -> str:
    """Return the frames of the user's code with their source, a line that says so, and the whole traceback.

    A traceback without frames of libraries, or of them alone, is returned as it is.
    """
    frames, exception = parse_frames(traceback)
    users = [frame for frame in frames if not frame.in_library]
    if not users or len(users) == len(frames):
        return traceback
    shown = [frame.text() for frame in users[-_MAX_USER_FRAMES:]]
    return "\n\n".join([*shown, exception, WHOLE_TRACEBACK, traceback.strip("\n")])


def _number(number: int, code: str, is_current: bool) -> str:
    """Return a line of source with its number, as IPython prints it."""
    if not is_current:
        return f"{number:>7} {code}"
    digits = str(number)
    return f"\x1b[1;31m{'-' * max(1, 5 - len(digits))}> {digits} {code}\x1b[0m"

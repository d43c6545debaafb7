"""Report on this installation: versions, and which parts of ipar_results work here."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement

from ..render.ansi import one_line
from ..version import __version__
from .session import Session, holder

_MOST_CHARACTERS = 160
_OTHER_PACKAGES = (
    "IPython",
    "jupyter_client",
    "jupyter_server",
    "pyzmq",
)  # required by those that we require
_OPTIONAL = {"demo": "a server in this environment", "dataframe": "to_dataframe()"}


class Row(NamedTuple):
    """One line of the report; `works` is ``ok``, ``no``, ``unknown``, or ``-`` where it is not needed."""

    name: str
    works: str
    facts: str


def check() -> None:
    """Print what works here and what does not, as a table of text: put it into a report of a problem.

    It shows the versions of the packages in use, whether the extension is loaded, and whether a labextension
    and a server are known to this kernel. Nothing is changed, and nothing is asked of a network.
    """
    rows = report(holder.session)
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for row in rows:
        print(f"{row.name:<{widths[0]}}  {row.works:<{widths[1]}}  {row.facts}")


def report(session: Session | None) -> list[Row]:
    """Return the lines of the report on a session, or on a process that has none."""
    parts: list[tuple[str, Callable[[], Iterator[Row]]]] = [
        ("ipar_results", lambda: _extension(session)),
        ("front end", lambda: _front_end(session)),
        ("labextension", _labextension),
        ("server", _server),
        ("packages", _packages),
    ]
    rows: list[Row] = []
    for name, part in parts:
        try:
            rows += part()
        except Exception as error:
            rows.append(Row(name, "unknown", f"{type(error).__name__}: {error}"))
    return [Row(*(one_line(text, _MOST_CHARACTERS) for text in row)) for row in rows]


def _extension(session: Session | None) -> Iterator[Row]:
    if session is not None and session.enabled:
        yield Row("ipar_results", "ok", f"{__version__}, loaded")
    else:
        yield Row("ipar_results", "no", f"{__version__}, not loaded: %load_ext ipar_results")
    yield Row("Python", "ok", f"{platform.python_version()} on {platform.platform()}")


def _front_end(session: Session | None) -> Iterator[Row]:
    if session is None or not session.enabled:
        yield Row("front end", "unknown", "known once ipar_results is loaded")
    elif session.shell is None:
        yield Row("front end", "-", "a program without IPython: no cards, but bars")
    elif not session.in_kernel:
        yield Row("front end", "-", "IPython in a terminal: text and bars")
    elif session.channel is None:
        yield Row("front end", "no", "this kernel cannot answer a labextension: widgets or HTML, no buttons")
    elif not session.channel.connected:
        yield Row("front end", "unknown", "no labextension has connected so far: widgets or HTML, no buttons")
    else:
        theirs = session.channel.front_version
        yield _compared(
            "front end", theirs, "a labextension is connected: live cards, and buttons in mid-cell"
        )


def _labextension() -> Iterator[Row]:
    from jupyter_core.paths import jupyter_path

    for folder in jupyter_path("labextensions"):
        file = Path(folder, "ipar-results", "package.json")
        if file.is_file():
            found = str(json.loads(file.read_text("utf-8"))["version"])
            yield _compared("labextension", found, f"in {_short(file.parent)}")
            return
    yield Row(
        "labextension", "unknown", "not in this environment: the server needs it, where that is another"
    )


def _compared(name: str, theirs: str | None, facts: str) -> Row:
    """Return a line about a labextension, which should have the version of the kernel's package."""
    if theirs == __version__:
        return Row(name, "ok", f"{theirs}, {facts}")
    if theirs is None:
        return Row(name, "unknown", f"of another version, {facts}")
    return Row(name, "no", f"{theirs}, {facts}; the kernel's is {__version__}: update both, reload the page")


def _server() -> Iterator[Row]:
    from jupyter_core.paths import jupyter_runtime_dir

    # the server that started this kernel; its file also holds a token, which is not read out
    file = Path(jupyter_runtime_dir(), f"jpserver-{os.environ.get('JPY_PARENT_PID')}.json")
    if file.is_file():
        yield Row("server", "ok", f"Jupyter Server {json.loads(file.read_text('utf-8'))['version']}")
    else:
        yield Row("server", "unknown", "none on this machine is known to have started this process")


def _packages() -> Iterator[Row]:
    required = [Requirement(text) for text in requires("ipar_results") or ()]
    for each in required:
        marker = each.marker
        if marker is None or marker.evaluate({"extra": ""}):
            yield _package(each)
    for name in _OTHER_PACKAGES:
        yield _package(Requirement(name), "the server's environment")
    for extra, use in _OPTIONAL.items():
        for each in required:
            if each.marker is not None and each.marker.evaluate({"extra": extra}):
                yield _package(each, use)


def _package(required: Requirement, only_for: str = "") -> Row:
    try:
        found = version(required.name)
    except PackageNotFoundError:
        if only_for:
            return Row(required.name, "-", f"not installed; only for {only_for}")
        return Row(required.name, "no", f"not installed; needed is {required.specifier}")
    if required.specifier.contains(found, prereleases=True):
        return Row(required.name, "ok", found)
    return Row(required.name, "no", f"{found}; needed is {required.specifier}")


def _short(path: Path) -> str:
    """Return a path without the name of the user."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)

"""Lookup of the result that the user names by a number, a variable or the name of a function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...live.actions import FORMATS, MagicCommand
from ...model.snapshot import Snapshot
from ...render import words
from ...render.ansi import one_line
from ...render.text import summary_line
from ...results.group.group import Group
from ...results.monitor import Monitor

if TYPE_CHECKING:
    from ...results.tracker import Tracked, Tracker

_MAX_NAMES = 10
_SUFFIXES = (*FORMATS.values(), ".htm")


class ResultNames:
    """Results of a session by the names that the user may type."""

    def __init__(self, tracker: Tracker, shell: Any) -> None:
        self._tracker = tracker
        self._shell = shell

    def variables(self) -> dict[str, Tracked]:
        """Return the user's variables that hold results, without those of IPython, which begin with _."""
        from ipyparallel import AsyncResult

        return {
            name: self._tracker.entry(value)
            for name, value in list(self._shell.user_ns.items())
            if not name.startswith("_") and issubclass(type(value), (AsyncResult, Group))
        }

    def find(self, name: str | None, command: MagicCommand, option: bool = False) -> Tracked:
        """Return the named result; without a name, the newest for which the command makes sense.

        If no result fits, or several do, or the command needs a name, the LookupError says what to do.
        """
        found = self._named(name)
        fitting = [entry for entry in found if command.is_possible(entry, option)]
        if name is None and fitting:
            if command.needs_name:
                number, newest = fitting[-1].number, name_and_number(fitting[-1])
                msg = f"say which result: %ipar {command.name} {number} takes {newest}, the newest that fits"
                raise LookupError(msg)
            return fitting[-1]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            numbers = ", ".join(str(entry.number) for entry in fitting[-_MAX_NAMES:])
            msg = f"{len(fitting):,} results are named {name!r}: say which by its number, {numbers}"
            raise LookupError(msg)
        raise LookupError(_why_not(found, command))

    def possible_names(self, command: MagicCommand) -> list[str]:
        """Return the names of the results for which a command makes sense, newest first."""
        self._tracker.catch_up()
        variables = self.variables()
        entries = [entry for entry in reversed(self._tracker.all()) if command.is_possible(entry, True)]
        of_user = [name for name, entry in variables.items() if entry in entries]
        names = [name for entry in entries if (name := _name(entry)).isidentifier()]
        return list(dict.fromkeys([*of_user, *names, *(str(entry.number) for entry in entries)]))

    def is_path(self, text: str | None) -> bool:
        """Return whether a text names a file and not a result."""
        if text is None or text in self.variables():
            return False
        return text.lower().endswith(_SUFFIXES) or "/" in text or "\\" in text

    def _named(self, name: str | None) -> list[Tracked]:
        variables, entries = self.variables(), self._tracker.all()
        if name is None:
            if entries:
                return entries
            msg = "there are no results yet: submit work, then try again"
            raise LookupError(msg)
        number = name.lstrip("#")
        if number.isdecimal():
            found = [entry for entry in entries if entry.number == int(number)]
        elif name in variables:
            found = [variables[name]]
        else:
            found = [entry for entry in entries if _name(entry) == name]
        if not found:
            known = list(dict.fromkeys([*variables, *map(_name, reversed(entries))]))[:_MAX_NAMES]
            names = f". Known are {', '.join(known)}" if known else ""
            msg = f"there is no result {name!r}: %ipar lists them with their numbers{names}"
            raise LookupError(msg)
        return found


def name_and_number(entry: Tracked) -> str:
    """Return a result's name and number, as in ``simulate (3)``."""
    return f"{_name(entry)} ({entry.number})"


def get_monitor(entry: Tracked) -> Monitor:
    """Return the monitor of a result; raise a LookupError if nothing holds it any more."""
    followed = entry.followed
    result = None if followed is None else followed.record.result()
    if followed is None or result is None:
        raise LookupError(_gone(entry))
    return Monitor(result, followed)


def _name(entry: Tracked) -> str:
    summary = entry.summary()
    return (one_line(summary.name, words.MAX_NAME) if summary else "") or "result"


def _why_not(found: list[Tracked], command: MagicCommand) -> str:
    """Return why a command makes no sense for any of these results, and what would help."""
    going = [entry for entry in found if (summary := entry.summary()) and not summary.finished]
    entry = (going if command.action.of_unfinished and going else found)[-1]
    if entry.followed is None:
        return _gone(entry)
    summary = entry.summary()
    assert summary is not None
    return command.action.why_not(name_and_number(entry), entry.number, summary, len(found) == 1)


def _gone(entry: Tracked) -> str:
    summary = entry.summary()
    last = f". It was {summary_line(Snapshot(**vars(summary)))}" if summary else ""
    name = name_and_number(entry)
    return f"nothing holds {name} any more: keep a result in a variable to act on it later{last}"

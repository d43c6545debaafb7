"""Line magic `%ipar`, which lists the results of this session and acts on them."""

from __future__ import annotations

import os
import shlex
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from difflib import get_close_matches
from functools import cached_property
from inspect import cleandoc
from typing import TYPE_CHECKING, Any, NoReturn

from IPython.core.error import UsageError

from ...live.actions import MAGIC_COMMANDS, MagicCommand

if TYPE_CHECKING:
    from ...results.tracker import Tracked, Tracker
    from . import listing
    from .lookup import ResultNames

_OPTIONS = {
    "list": "--all",
    **{command.name: command.option for command in MAGIC_COMMANDS.values() if command.option},
}
_ACTIONS = ("list", *MAGIC_COMMANDS, "check")
_MAX_ROWS = 20


class ResultMagics:
    """Line magic `%ipar` and its completions; prints text where it cannot publish a MIME bundle."""

    def __init__(
        self, shell: Any, tracker: Tracker, publish: Callable[[dict[str, str]], None] | None = None
    ) -> None:
        self._shell = shell
        self._tracker = tracker
        self._publish = publish

    @cached_property
    def _names(self) -> ResultNames:
        from .lookup import ResultNames

        return ResultNames(self._tracker, self._shell)

    def attach(self) -> Callable[[], None]:
        """Define the magic; return a function that restores a magic of the same name."""
        magics, name = self._shell.magics_manager.magics["line"], "ipar"
        had, before, ours = name in magics, magics.get(name), self.ipar
        magics[name] = ours
        uncomplete = self._attach_completer()

        def detach() -> None:
            uncomplete()
            if magics.get(name) is not ours:
                return  # the user has defined another one meanwhile
            if had:
                magics[name] = before
            else:
                del magics[name]

        return detach

    def _attach_completer(self) -> Callable[[], None]:
        key, dispatchers = "%ipar", self._shell.strdispatchers

        def completer(_: object, event: Any) -> list[str]:
            return self.completions(event.line, event.symbol)

        had = key in getattr(dispatchers.get("complete_command"), "strs", ())
        self._shell.set_hook("complete_command", completer, str_key=key)

        def detach() -> None:
            chain = dispatchers["complete_command"].strs.get(key)
            if chain is None:
                return
            chain.chain[:] = [each for each in chain.chain if getattr(each[1], "__func__", 0) != completer]
            if not chain.chain and not had:
                del dispatchers["complete_command"].strs[key]

        return detach

    def ipar(self, line: str = "") -> None:
        """List the results of IPython Parallel in this session, or act on one of them.

        ::

            %ipar                             list the newest results with their state (--all: all of them)
            %ipar cancel 3                    cancel the queued tasks of result 3
            %ipar cancel ar --interrupt       and interrupt (SIGINT) the running ones
            %ipar retry 3                     run the failed tasks of result 3 again
            %ipar report 3 run.html           save its card, timeline and tasks as one page
            %ipar trace 3                     save it for https://ui.perfetto.dev
            %ipar csv 3 runs/ --overwrite     save its tasks as a table
            %ipar check                       show what works here, and the versions: for reports of problems

        Name a result by its number in the list, by a variable, or by the name of its function; the default is
        the newest result for which the action makes sense, except for retry. Without a path, files are saved
        in the current folder under an unused name.
        """
        from .lookup import name_and_number

        if {"-h", "--help"} & set(line.split()):
            print(cleandoc(self.ipar.__doc__ or ""))
            return
        args = _parse_line(line)
        _check_options(args)
        if args.action == "check":
            from ...live.installation import check

            return check()
        self._tracker.catch_up()
        if args.action == "list":
            self._list(args)
            return
        command, path = MAGIC_COMMANDS[args.action], args.path
        if command.file_format and path is None and self._names.is_path(args.result):
            args.result, path = None, args.result
        try:
            entry = self._names.find(args.result, command, _has_option(args, command.option))
            print(f"{name_and_number(entry)}: {self._do(entry, command, args, path)}")
        except FileExistsError as error:
            msg = f"{path} exists already: choose another name, or add --overwrite to replace it"
            raise UsageError(msg) from error
        except (LookupError, OSError, ValueError, RuntimeError) as error:
            raise UsageError(str(error.args[0] if isinstance(error, LookupError) else error)) from error

    def _list(self, args: Namespace) -> None:
        from . import listing

        rows = self.rows()
        shown = rows if args.all else rows[-_MAX_ROWS:]
        text = listing.plain_text(shown, len(rows))
        if self._publish is None:
            print(text)
        else:
            self._publish({"text/plain": text, "text/html": listing.html_table(shown, len(rows))})

    def rows(self) -> list[listing.ResultRow]:
        """Return one row for each tracked result, oldest first."""
        from ...model.snapshot import Snapshot
        from . import listing

        names: dict[int, list[str]] = {}
        for name, entry in self._names.variables().items():
            names.setdefault(entry.number, []).append(name)
        return [
            listing.ResultRow(
                number=entry.number,
                snapshot=Snapshot(**vars(summary)),
                variables=tuple(names.get(entry.number, ())),
                cell=entry.cell.execution_count,
                gone=entry.gone,
            )
            for entry in self._tracker.all()
            if (summary := entry.summary()) is not None
        ]

    def _do(self, entry: Tracked, command: MagicCommand, args: Namespace, path: str | None) -> str:
        from .lookup import get_monitor

        action = command.chosen(_has_option(args, command.option))
        arguments = {"format": command.file_format, "path": path, "overwrite": args.overwrite}
        done = action.run(get_monitor(entry), arguments)
        return " ".join(filter(None, [done.change, *done.remarks]))

    def completions(self, line: str, symbol: str) -> list[str]:
        """Return the completions at the cursor, given the whole line and the typed part of the word."""
        given = (line[: len(line) - len(symbol)] if line.endswith(symbol) else line).split()[1:]
        if not given:
            return list(_ACTIONS)
        name = given[0]
        if symbol.startswith("-"):
            return [_OPTIONS[name]] if name in _OPTIONS else []
        if name not in MAGIC_COMMANDS or any(not word.startswith("-") for word in given[1:]):
            return []
        return self._names.possible_names(MAGIC_COMMANDS[name])


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        msg = f"{message}: see %ipar --help"
        raise UsageError(msg)


def _parse_line(line: str) -> Namespace:
    parser = _Parser(prog="%ipar", add_help=False, allow_abbrev=False)
    parser.add_argument("action", nargs="?", default="list")
    parser.add_argument("result", nargs="?")
    parser.add_argument("path", nargs="?")
    for option in dict.fromkeys(_OPTIONS.values()):
        parser.add_argument(option, action="store_true")
    try:
        words = shlex.split(line, posix=os.name == "posix")
    except ValueError as error:
        msg = f"{line!r}: {error}: close every quotation mark"
        raise UsageError(msg) from error
    args = parser.parse_intermixed_args(words)
    if args.action not in _ACTIONS:
        meant = get_close_matches(args.action, _ACTIONS, 1) or [", ".join(_ACTIONS)]
        msg = f"%ipar has no action {args.action!r}: did you mean {meant[0]}?"
        raise UsageError(msg)
    return args


def _has_option(args: Namespace, option: str) -> bool:
    return bool(option) and bool(getattr(args, option.removeprefix("--")))


def _check_options(args: Namespace) -> None:
    """Raise a UsageError for an option or a path that would do nothing."""
    name, takes = args.action, _OPTIONS.get(args.action)
    for option in dict.fromkeys(_OPTIONS.values()):
        if option != takes and _has_option(args, option):
            msg = f"%ipar {name} has no option {option}: it takes {takes or 'no options'}"
            raise UsageError(msg)
    if name not in MAGIC_COMMANDS and args.result is not None:
        msg = f"%ipar {name} takes no name, got {args.result!r}: %ipar lists all results"
        raise UsageError(msg)
    if args.path is not None and not (name in MAGIC_COMMANDS and MAGIC_COMMANDS[name].file_format):
        msg = f"%ipar {name} takes one name, got {args.path!r} too: name one result at a time"
        raise UsageError(msg)

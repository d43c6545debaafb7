"""Table of the actions on a result, read by the channel to the labextension and by `%ipar`.

A new action needs an entry in :data:`ACTIONS`, and one in :data:`MAGIC_COMMANDS` to be typed. Its label and
its question to the user are in a table of the labextension.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ..formatting import plural

if TYPE_CHECKING:
    from ..control.cancel import Cancelled
    from ..model.snapshot import Summary
    from ..results.monitor import Monitor
    from ..results.tracker import Tracked

Arguments = Mapping[str, Any]

FORMATS = {"report": ".html", "trace": ".json", "csv": ".csv"}


class Candidate(NamedTuple):
    """Result for which an action makes no sense."""

    name: str  # with its number
    number: int
    summary: Summary
    alone: bool  # it was the only one that could be meant


class Done(NamedTuple):
    """What an action did."""

    message: str  # a sentence for the user
    reasons: tuple[str, ...] = ()  # why it was not done for all tasks, where there is room for them
    path: Path | None = None  # the file that was saved


class Action(NamedTuple):
    """What a user can do to a result."""

    name: str  # the type of its request, and its name in a result's head
    is_possible: Callable[[Summary], bool]  # whether it makes sense in this state
    run: Callable[[Monitor, Arguments], Done]
    why_not: Callable[[Candidate], str]  # why it makes no sense, and what would help
    arguments: tuple[str, ...] = ()  # keys of its request beside the result
    of_unfinished: bool = False  # it makes sense only for a result that has not finished


def possible_actions(entry: Tracked, summary: Summary | None) -> list[str]:
    """Return the names of the actions that make sense for a result now."""
    if entry.followed is None or summary is None:
        return []
    return [action.name for action in ACTIONS.values() if action.is_possible(summary)]


def _may_cancel(summary: Summary, what: str) -> bool:
    return not summary.finished and summary.state != "lost" and bool(getattr(summary, what))


def _cancel(monitor: Monitor, arguments: Arguments, interrupt: bool) -> Done:
    return Done(_cancelled_sentence(monitor.cancel(interrupt=interrupt)))


def _cancelled_sentence(cancelled: Cancelled) -> str:
    done = [f"cancelled {plural(cancelled.cancelled, 'task')}"] if cancelled.cancelled else []
    done += [f"interrupted {plural(cancelled.interrupted, 'task')}"] if cancelled.interrupted else []
    sentence = " and ".join(done) or "nothing was left to cancel"
    if cancelled.unreachable:
        sentence += f"; {plural(cancelled.unreachable, 'task')} could not be reached"
    return f"{sentence[0].upper()}{sentence[1:]}."


def _why_not_cancel(candidate: Candidate) -> str:
    name, number, summary, alone = candidate
    if summary.finished:
        others = "" if alone else ", and so have all before it"
        return f"{name} has ended{others}: there is nothing to cancel"
    if summary.running and summary.state != "lost":
        return f"{name} has no task left in a queue: %ipar cancel {number} --interrupt stops what runs"
    return f"contact to the controller is lost: nobody can cancel {name}"


def _retry(monitor: Monitor, arguments: Arguments) -> Done:
    retried = monitor.retry(arguments.get("indices"))
    return Done(f"Running {plural(retried.retried, 'task')} again.", retried.reasons)


def _why_not_retry(candidate: Candidate) -> str:
    name, number, summary, _ = candidate
    if not summary.finished:
        return f"{name} goes on: wait for its end, or %ipar cancel {number}, and retry then"
    return f"nothing of {name} failed or was cancelled: there is nothing to run again"


def _export(monitor: Monitor, arguments: Arguments) -> Done:
    from ..export.files import save_under_free_name

    form, path = arguments["format"], arguments.get("path")
    save = {"report": monitor.save_report, "trace": monitor.save_trace, "csv": monitor.save_csv}[form]
    folder = Path.cwd() if path is None else Path(path).expanduser()
    if folder.is_dir():
        saved = save_under_free_name(save, folder, monitor.snapshot().name, FORMATS[form])
    else:
        saved = save(folder, bool(arguments.get("overwrite")))
    return Done(f"Saved {saved.name} in the kernel's working directory.", path=saved)


def _why_not_export(candidate: Candidate) -> str:
    return f"nothing of {candidate.name} has ended yet: try again later"


CANCEL = Action(
    "cancel",
    partial(_may_cancel, what="queued"),
    partial(_cancel, interrupt=False),
    _why_not_cancel,
    of_unfinished=True,
)
INTERRUPT = Action(
    "interrupt",
    partial(_may_cancel, what="running"),
    partial(_cancel, interrupt=True),
    _why_not_cancel,
    of_unfinished=True,
)
RETRY = Action(
    "retry",
    lambda summary: summary.finished and bool(summary.failed + summary.aborted),
    _retry,
    _why_not_retry,
    arguments=("indices",),
)
EXPORT = Action("export", lambda summary: bool(summary.done), _export, _why_not_export, arguments=("format",))
ACTIONS = {action.name: action for action in (CANCEL, INTERRUPT, RETRY, EXPORT)}


class MagicCommand(NamedTuple):
    """Command of ``%ipar`` that runs an action."""

    name: str
    action: Action
    option: str = ""  # the one that it takes, such as ``--interrupt``
    with_option: Action | None = None  # runs instead with the option, and makes sense for more results
    arguments: Arguments = MappingProxyType({})
    saves: bool = False  # it takes the path of a file

    def chosen(self, option: bool) -> Action:
        """Return the action that runs, with the option or without it."""
        return (option and self.with_option) or self.action

    def is_possible(self, entry: Tracked, option: bool) -> bool:
        """Return whether it makes sense for a result, with the option or without it."""
        possible = possible_actions(entry, entry.summary())
        return self.action.name in possible or self.chosen(option).name in possible


MAGIC_COMMANDS = {
    command.name: command
    for command in (
        MagicCommand("cancel", CANCEL, "--interrupt", with_option=INTERRUPT),
        MagicCommand("retry", RETRY),
        *(
            MagicCommand(form, EXPORT, "--overwrite", arguments={"format": form}, saves=True)
            for form in FORMATS
        ),
    )
}

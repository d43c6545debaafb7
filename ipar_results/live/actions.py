"""Table of the actions on a result, read by the channel to the labextension and by `%ipar`.

A new action needs an entry in :data:`ACTIONS`, and one in :data:`MAGIC_COMMANDS` to be typed. Its label and
its question to the user are in a table of the labextension.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..formatting import plural

if TYPE_CHECKING:
    from ..control.cancel import Cancelled
    from ..model.snapshot import Summary
    from ..results.monitor import Monitor
    from ..results.tracker import Tracked

Arguments = Mapping[str, Any]

FORMATS = {"report": ".html", "trace": ".json", "csv": ".csv"}


class Done:
    """What an action did.

    A view that follows the result shows the change itself, exactly and as long as it is true.
    """

    def __init__(self, change: str = "", remarks: Sequence[str] = (), path: Path | None = None) -> None:
        self.change = change  # a sentence on the tasks
        self.remarks = remarks  # sentences on what no view of the result shows
        self.path = path  # the file that was saved


class Action:
    """What a user can do to a result."""

    name: str  # the type of its request, and its name in a result's head
    arguments: tuple[str, ...] = ()  # keys of its request beside the result
    of_unfinished = False  # it makes sense only for a result that has not finished

    def is_possible(self, summary: Summary) -> bool:
        """Return whether it makes sense in this state."""
        raise NotImplementedError

    def run(self, monitor: Monitor, arguments: Arguments) -> Done:
        raise NotImplementedError

    def why_not(self, name: str, number: int, summary: Summary, alone: bool) -> str:
        """Return why it makes no sense, and what would help; `alone` if no other result could be meant."""
        raise NotImplementedError


def possible_actions(entry: Tracked, summary: Summary | None) -> list[str]:
    """Return the names of the actions that make sense for a result now."""
    if entry.followed is None or summary is None:
        return []
    return [action.name for action in ACTIONS.values() if action.is_possible(summary)]


class _Cancel(Action):
    name, of_unfinished = "cancel", True
    _what, _interrupt = "queued", False

    def is_possible(self, summary: Summary) -> bool:
        return not summary.finished and summary.state != "lost" and bool(getattr(summary, self._what))

    def run(self, monitor: Monitor, arguments: Arguments) -> Done:
        cancelled = monitor.cancel(interrupt=self._interrupt)
        change = _cancelled_sentence(cancelled)
        if cancelled.unreachable:
            return Done(change, [f"{plural(cancelled.unreachable, 'task')} could not be reached."])
        return Done(change) if change else Done(remarks=["Nothing was left to cancel."])

    def why_not(self, name: str, number: int, summary: Summary, alone: bool) -> str:
        if summary.finished:
            others = "" if alone else ", and so have all before it"
            return f"{name} has ended{others}: there is nothing to cancel"
        if summary.running and summary.state != "lost":
            return f"{name} has no task left in a queue: %ipar cancel {number} --interrupt stops what runs"
        return f"contact to the controller is lost: {name} cannot be cancelled"


class _Interrupt(_Cancel):
    name = "interrupt"
    _what, _interrupt = "running", True


def _cancelled_sentence(cancelled: Cancelled) -> str:
    done = [f"cancelled {plural(cancelled.cancelled, 'task')}"] if cancelled.cancelled else []
    done += [f"interrupted {plural(cancelled.interrupted, 'task')}"] if cancelled.interrupted else []
    return f"{' and '.join(done)}.".capitalize() if done else ""


class _Retry(Action):
    name, arguments = "retry", ("indices",)

    def is_possible(self, summary: Summary) -> bool:
        return summary.finished and bool(summary.failed + summary.aborted)

    def run(self, monitor: Monitor, arguments: Arguments) -> Done:
        retried = monitor.retry(arguments.get("indices"))
        return Done(f"Sent {plural(retried.retried, 'task')} again.", retried.reasons)

    def why_not(self, name: str, number: int, summary: Summary, alone: bool) -> str:
        if not summary.finished:
            return f"{name} goes on: wait for its end, or %ipar cancel {number}, and retry then"
        return f"nothing of {name} failed or was cancelled: there is nothing to run again"


class _Export(Action):
    name, arguments = "export", ("format",)

    def is_possible(self, summary: Summary) -> bool:
        return bool(summary.done)

    def run(self, monitor: Monitor, arguments: Arguments) -> Done:
        from ..export.files import save_under_free_name

        form, path = arguments["format"], arguments.get("path")
        save = {"report": monitor.save_report, "trace": monitor.save_trace, "csv": monitor.save_csv}[form]
        folder = Path.cwd() if path is None else Path(path).expanduser()
        if folder.is_dir():
            saved = save_under_free_name(save, folder, monitor.snapshot().name, FORMATS[form])
        else:
            saved = save(folder, bool(arguments.get("overwrite")))
        return Done(remarks=[f"Saved {saved}"], path=saved)

    def why_not(self, name: str, number: int, summary: Summary, alone: bool) -> str:
        return f"nothing of {name} has ended yet: try again later"


_CANCEL, _INTERRUPT, _RETRY, _EXPORT = _Cancel(), _Interrupt(), _Retry(), _Export()
ACTIONS: dict[str, Action] = {action.name: action for action in (_CANCEL, _INTERRUPT, _RETRY, _EXPORT)}


class MagicCommand:
    """Command of ``%ipar`` that runs an action."""

    def __init__(
        self,
        name: str,
        action: Action,
        option: str = "",
        with_option: Action | None = None,
        file_format: str | None = None,
        needs_name: bool = False,
    ) -> None:
        self.name, self.action = name, action
        self.option = option  # the one that it takes, such as ``--interrupt``
        self._with_option = with_option  # runs instead with the option, and makes sense for more results
        self.file_format = file_format  # a key of FORMATS, if it takes the path of a file
        self.needs_name = needs_name  # the newest result is not taken for the one that is meant

    def chosen(self, option: bool) -> Action:
        """Return the action that runs, with the option or without it."""
        return (option and self._with_option) or self.action

    def is_possible(self, entry: Tracked, option: bool) -> bool:
        """Return whether it makes sense for a result, with the option or without it."""
        possible = possible_actions(entry, entry.summary())
        return self.action.name in possible or self.chosen(option).name in possible


MAGIC_COMMANDS = {
    command.name: command
    for command in (
        MagicCommand("cancel", _CANCEL, "--interrupt", with_option=_INTERRUPT),
        MagicCommand("retry", _RETRY, needs_name=True),
        *(MagicCommand(form, _EXPORT, "--overwrite", file_format=form) for form in FORMATS),
    )
}

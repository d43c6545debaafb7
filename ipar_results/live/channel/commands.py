"""What buttons ask for, carried out in a thread of their own: control messages must never wait."""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ...formatting import plural
from ...log import trouble
from ...results.group.group import about

if TYPE_CHECKING:
    from ...record.recorder import Recorder
    from ...results.tracker import Tracked

_SUFFIXES = {"report": ".html", "trace": ".json", "csv": ".csv"}
_WAITING_AT_MOST = 100
_LONGEST_STEM = 40


class Outcome(NamedTuple):
    """What came of an action, for the front ends."""

    request: str
    result: str
    action: str
    ok: bool
    message: str
    path: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The message that tells of it."""
        told = {
            "type": "outcome",
            "request": self.request,
            "result": self.result,
            "action": self.action,
            "status": "ok" if self.ok else "error",
            "message": self.message,
        }
        return told if self.path is None else {**told, "path": self.path}


def possible(entry: Tracked, facts: dict[str, Any]) -> list[str]:
    """The actions that make sense for a result now."""
    if entry.recorder is None:
        return []
    found = []
    if not facts["finished"] and facts["state"] != "lost":
        found += ["cancel"] if facts["queued"] else []
        found += ["interrupt"] if facts["running"] else []
    if facts["finished"] and facts["failed"] + facts["aborted"]:
        found.append("retry")
    if facts["done"]:
        found.append("export")
    return found


class Commands:
    """Carries out actions, one after the other; the thread lives only while there are any.

    Parameters
    ----------
    tell : callable
        Gets the :class:`Outcome` of each, in this thread.
    """

    def __init__(self, tell: Callable[[Outcome], None]) -> None:
        self._tell = tell
        self._queue: queue.Queue[tuple[str, Tracked, Any, str, dict[str, Any]]] = queue.Queue(
            _WAITING_AT_MOST
        )
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def add(self, request: str, entry: Tracked, result: Any, action: str, args: dict[str, Any]) -> bool:
        """Have an action carried out; False where too many wait already."""
        with self._lock:
            try:
                self._queue.put_nowait((request, entry, result, action, args))
            except queue.Full:
                return False
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ipar-results-commands", daemon=True)
                self._thread.start()
        return True

    def close(self, patience: float = 10.0) -> None:
        """Wait for what is being carried out."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(patience)

    def _run(self) -> None:
        while True:
            with self._lock:
                try:
                    request, entry, result, action, args = self._queue.get_nowait()
                except queue.Empty:
                    self._thread = None
                    return
            try:
                self._tell(_carried_out(request, entry, result, action, args))
            except Exception:
                trouble("telling what came of %r", action)


def _carried_out(request: str, entry: Tracked, result: Any, action: str, args: dict[str, Any]) -> Outcome:
    recorder = entry.recorder
    path = None
    try:
        if recorder is None:
            msg = "This result is gone: the kernel no longer holds it."
            raise LookupError(msg)
        monitor = about(result, recorder)
        if action == "export":
            path = export(monitor, recorder, args["format"])
            message = f"Saved {path.name} in the kernel's working directory."
        elif action == "retry":
            message = f"Running {plural(_count(monitor.retry(args['indices'])), 'task')} again."
        else:
            message = said(monitor.cancel(interrupt=action == "interrupt"))
        return Outcome(request, entry.id, action, True, message, None if path is None else str(path))
    except Exception as error:
        if not isinstance(
            error, (OSError, LookupError, ValueError, RuntimeError, ImportError, NotImplementedError)
        ):
            trouble("carrying out %r", action)
        return Outcome(request, entry.id, action, False, f"{error}" or type(error).__name__)


def export(
    monitor: Any, recorder: Recorder, form: str, path: str | None = None, overwrite: bool = False
) -> Path:
    """Save a result; without a path beside the notebook, under a name that is not taken.

    Parameters
    ----------
    monitor : Monitor
    recorder : Recorder
    form : {'report', 'trace', 'csv'}
    path : str, optional
        A file, or a folder for a file that gets a name of ours.
    overwrite : bool
        Replace a file that exists already.
    """
    save = {"report": monitor.save_report, "trace": monitor.save_trace, "csv": monitor.save_csv}[form]
    folder = Path.cwd() if path is None else Path(path).expanduser()
    if not folder.is_dir():
        return Path(save(folder, overwrite))
    stem = re.sub(r"[^\w.-]+", "_", recorder.name)[:_LONGEST_STEM].strip("._") or "result"
    stem += datetime.now().strftime("-%Y%m%d-%H%M%S")
    for n in range(100):
        free = folder / f"{stem}{f'-{n + 1}' if n else ''}{_SUFFIXES[form]}"
        try:
            save(free)
            return free
        except FileExistsError:
            continue
    msg = f"A hundred files named {stem}… are there already."
    raise FileExistsError(msg)


def said(done: Any) -> str:
    """What a cancellation did, in a sentence."""
    did = [f"cancelled {plural(done.cancelled, 'task')}"] if done.cancelled else []
    did += [f"interrupted {plural(done.interrupted, 'task')}"] if done.interrupted else []
    sentence = " and ".join(did) or "nothing was left to cancel"
    if done.unreachable:
        sentence += f"; {plural(done.unreachable, 'task')} could not be reached"
    return f"{sentence[0].upper()}{sentence[1:]}."


def _count(rerun: Any) -> int:
    """How many inputs a retry took up again."""
    return int(getattr(rerun, "retried", rerun))

"""Monitor of one result or group: the public `ar.monitor`."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..control.cancel import Cancelled
    from ..control.retry import Retried
    from ..export.tasks import Tasks
    from ..model.snapshot import Advice, FailureGroup, Snapshot
    from .followed import Followed


class Monitor:
    """State of one result or of one group, and actions on it.

    Obtained as ``ar.monitor`` while the extension is loaded, or by :func:`ipar_results.monitor`.
    """

    def __init__(self, result: Any, followed: Followed) -> None:
        self._result = result
        self._followed = followed

    def snapshot(self) -> Snapshot:
        """All facts as they are now, frozen.

        Cheap, and may be called from any thread at any time: about 0.3 ms for a result of 100,000 tasks.

        Returns
        -------
        Snapshot
            The same object never changes afterwards.
        """
        self._followed.poll()
        return self._followed.snapshot()

    @property
    def failures(self) -> tuple[FailureGroup, ...]:
        """Failures grouped by type and last remote frame, most inputs first."""
        return self.snapshot().failures

    @property
    def advice(self) -> tuple[Advice, ...]:
        """What would have made a run that has finished shorter: at most three, most gain first."""
        return self.snapshot().advice

    def cancel(self, interrupt: bool = False, timeout: float = 5.0) -> Cancelled:
        """Cancel what is queued; what has finished is kept, and the result resolves within seconds.

        Parameters
        ----------
        interrupt : bool
            Also interrupt (SIGINT) the engines that run a task of this result at that moment, and no others.
        timeout : float
            Seconds to wait for the engines' replies; it never takes longer, also without a controller.

        Returns
        -------
        Cancelled
            What was done, in inputs.
        """
        return self._followed.cancel(self._result, interrupt, timeout)

    def retry(self, indices: Sequence[int] | None = None) -> Retried:
        """Run failed and cancelled tasks again; their new outcomes replace the old ones in this result.

        Until then the result is pending again: ``get()`` waits, and the card moves.

        Parameters
        ----------
        indices : sequence of int, optional
            Inputs to run again; all that failed or were cancelled if not given. A chunk is run again whole.

        Returns
        -------
        Retried
            What was sent again, in inputs.

        Raises
        ------
        RetryError
            Where the controller has no record of the tasks, or their engine is gone; the message says what
            helps.
        """
        return self._followed.retry(self._result, indices)

    def to_dataframe(self) -> Any:
        """All tasks in a pandas DataFrame: one row a task, or a message where a map sends chunks.

        Returns
        -------
        pandas.DataFrame
            ``index`` of the first input, ``inputs``, ``engine``, ``status``, ``attempts``, four times in UTC,
            ``duration`` in seconds, type of ``error``, ``msg_id``.

        Raises
        ------
        ImportError
            Where pandas is missing: ``pip install ipar_results[dataframe]``.
        """
        from ..export.dataframe import to_dataframe

        return to_dataframe(self._tasks())

    def save_csv(self, path: str | PathLike[str], overwrite: bool = False) -> Path:
        """Save all tasks as CSV, with the columns of :meth:`to_dataframe`.

        A text that a spreadsheet would run as a formula gets an apostrophe in front.

        Parameters
        ----------
        path : str or path
            Where to; ``~`` is the home directory.
        overwrite : bool
            Replace a file that exists already.

        Returns
        -------
        Path
            Where it is now.

        Raises
        ------
        FileExistsError, PermissionError, OSError
        """
        return self._save("table", path, overwrite)

    def save_trace(self, path: str | PathLike[str], overwrite: bool = False) -> Path:
        """Save all tasks as a Chrome trace (JSON), which https://ui.perfetto.dev opens.

        Engines are threads and tasks are slices. :func:`ipar_results.load` reads the snapshot back.

        Parameters
        ----------
        path : str or path
            Where to; ``~`` is the home directory.
        overwrite : bool
            Replace a file that exists already.

        Returns
        -------
        Path
            Where it is now.
        """
        return self._save("trace", path, overwrite)

    def save_report(self, path: str | PathLike[str], overwrite: bool = False) -> Path:
        """Save the card, its timeline and its tasks as one HTML page that works offline.

        :func:`ipar_results.load` reads the snapshot back.

        Parameters
        ----------
        path : str or path
            Where to; ``~`` is the home directory.
        overwrite : bool
            Replace a file that exists already.

        Returns
        -------
        Path
            Where it is now.
        """
        return self._save("report", path, overwrite)

    def _tasks(self) -> Tasks:
        from ..export.tasks import collect_tasks

        followed = self._followed
        followed.poll()
        with followed.record.lock:
            snapshot = followed.snapshot()
            return collect_tasks(followed.record, snapshot, self._result, followed.metadata(self._result))

    def _save(self, kind: str, path: str | PathLike[str], overwrite: bool) -> Path:
        from ..export.files import check_target, write_file
        from ..export.report import render_report
        from ..export.table import csv_lines
        from ..export.trace import trace_lines

        check_target(path, overwrite)  # before the work
        tasks = self._tasks()
        if kind == "report":
            return write_file(path, [render_report(tasks, self._followed.timeline())], overwrite)
        return write_file(path, csv_lines(tasks) if kind == "table" else trace_lines(tasks), overwrite)

    def __repr__(self) -> str:
        from ..render.text import summary_line

        return f"<Monitor of {summary_line(self.snapshot())}>"

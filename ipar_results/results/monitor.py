"""Monitor of one result or group: the public `ar.monitor`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from pandas import DataFrame

    from ..control.cancel import Cancelled
    from ..control.retry import Retried
    from ..export.tasks import Tasks
    from ..model.snapshot import Advice, FailureGroup, Snapshot
    from ..upstream.protocols import ResultLike
    from .followed import Followed


_T = TypeVar("_T")


class _Listed(tuple[_T, ...]):
    """Tuple that is printed as a sentence where it is empty."""

    def __new__(cls, items: Iterable[_T], if_empty: str) -> _Listed[_T]:
        listed = super().__new__(cls, items)
        listed._if_empty = if_empty
        return listed

    _if_empty: str

    def __repr__(self) -> str:
        return super().__repr__() if self else self._if_empty


class Monitor:
    """State of one result or of one group, and actions on it.

    Obtained as ``ar.monitor`` while the extension is loaded, or by :func:`ipar_results.monitor`.
    """

    def __init__(self, result: ResultLike, followed: Followed) -> None:
        self._result = result
        self._followed = followed

    def snapshot(self) -> Snapshot:
        """Return all facts as they are now, frozen.

        May be called from any thread at any time; takes about 0.3 ms for a result of 100,000 tasks.

        Returns
        -------
        Snapshot
            It never changes afterwards.
        """
        self._followed.poll()
        return self._followed.snapshot()

    @property
    def failures(self) -> tuple[FailureGroup, ...]:
        """Failures grouped by type and last frame of the user's code, most tasks first."""
        state = self.snapshot()
        return _Listed(state.failures, "no failures" if state.finished else "no failures yet")

    @property
    def advice(self) -> tuple[Advice, ...]:
        """What would have made a run that has finished shorter: at most three, most gain first."""
        state = self.snapshot()
        reason = "nothing found that would have made this run much shorter"
        return _Listed(state.advice, f"no advice: {reason}" if state.finished else "no advice before the end")

    def cancel(self, interrupt: bool = False, timeout: float = 5.0) -> Cancelled:
        """Cancel queued tasks; finished ones are kept, and the result resolves within seconds.

        Parameters
        ----------
        interrupt : bool
            Also interrupt (SIGINT) the engines that run a task of this result at that moment, and no others.
        timeout : float
            Seconds to wait at most for the engines' replies, whether or not the controller answers.

        Returns
        -------
        Cancelled
            Counts of tasks by what was done.
        """
        return self._followed.cancel(interrupt, timeout)

    def retry(self, indices: Sequence[int] | None = None) -> Retried:
        """Run failed and cancelled tasks again; their new outcomes replace the old ones in this result.

        Until they end, the result is pending again: ``get()`` waits, and the card is updated.

        Parameters
        ----------
        indices : sequence of int, optional
            Tasks to run again; all that failed or were cancelled if not given. A chunk is run again whole.

        Returns
        -------
        Retried
            Counts of tasks that were sent again or refused.

        Raises
        ------
        RetryError
            If the controller has no record of the tasks, or their engine has left; the message says what to
            do.
        """
        return self._followed.retry(indices)

    def to_dataframe(self) -> DataFrame:
        """Return all tasks in a pandas DataFrame: one row a task, or a message where a map sends chunks.

        Returns
        -------
        pandas.DataFrame
            ``index`` of the first task, ``n_inputs``, ``engine``, ``status``, ``attempts``, four times in
            UTC, ``duration`` and ``engine_clock_offset`` in seconds, type of ``error``, ``msg_id``.
            ``started`` and ``completed`` are by the engine's clock, which is ahead of the client's by the
            offset. A task that was cancelled before it ran has neither engine nor times.

        Raises
        ------
        ImportError
            If pandas is missing: ``pip install pandas``.
        """
        from ..export.table import to_dataframe

        return to_dataframe(self._tasks())

    def save_csv(self, path: str | PathLike[str], overwrite: bool = False) -> Path:
        """Save all tasks as CSV, with the columns of :meth:`to_dataframe`.

        A text that a spreadsheet would run as a formula is preceded by an apostrophe.

        Parameters
        ----------
        path : str or path
            Target file; ``~`` is the home directory.
        overwrite : bool
            Replace an existing file.

        Returns
        -------
        Path
            The absolute path of the file.

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
            Target file; ``~`` is the home directory.
        overwrite : bool
            Replace an existing file.

        Returns
        -------
        Path
            The absolute path of the file.
        """
        return self._save("trace", path, overwrite)

    def save_report(self, path: str | PathLike[str], overwrite: bool = False) -> Path:
        """Save the card, its timeline and its tasks as one HTML page that works offline.

        :func:`ipar_results.load` reads the snapshot back.

        Parameters
        ----------
        path : str or path
            Target file; ``~`` is the home directory.
        overwrite : bool
            Replace an existing file.

        Returns
        -------
        Path
            The absolute path of the file.
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

        check_target(path, overwrite)  # fail before the tasks are collected
        tasks = self._tasks()
        if kind == "report":
            return write_file(path, [render_report(tasks, self._followed.timeline())], overwrite)
        return write_file(path, csv_lines(tasks) if kind == "table" else trace_lines(tasks), overwrite)

    def __repr__(self) -> str:
        from ..render.text import summary_line

        return f"<Monitor of {summary_line(self.snapshot())}>"

"""Facades of followed results: record, estimate, analysis, watchdog and actions of each."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from operator import itemgetter
from typing import TYPE_CHECKING, cast

from ..control.scope import ResultScope
from ..control.watchdog import Watchdog
from ..facts import task_details
from ..facts.advice.run_analysis import RunAnalysis
from ..facts.build_snapshot import build_snapshot, describe_value, summarize
from ..facts.eta import Eta
from ..facts.take_timeline import take_timeline
from ..log import log_errors
from ..model.status import UNKNOWN

if TYPE_CHECKING:
    from ..control.cancel import Cancelled
    from ..control.retry import Retried
    from ..model.snapshot import Snapshot, Summary
    from ..model.timeline import Timeline
    from ..record.recorders.hub_recorder import HubRecorder
    from ..record.recorders.recorder import Recorder, RecordSource
    from ..upstream.connection import Connection
    from ..upstream.protocols import AsyncResultLike, ResultLike

_NO_RECORD = "The controller keeps no record of what is unknown: only that these tasks have ended."
_LAMBDAS = ("lambda ", "lambda:", "<lambda>")
_SUBMITTED, _RECEIVED = itemgetter("submitted"), itemgetter("received")


class Followed(ABC):
    """Facade of one followed result, or of one group of results; only :attr:`drain` changes its record."""

    def __init__(self, source: RecordSource) -> None:
        self.source, self.record = source, source.record
        self.drain, self.metadata, self.close = source.drain, source.metadata, source.close
        self.final_note = ""  # part of the note that stays true after the end
        self._eta = Eta()
        self._run_analysis = RunAnalysis()
        # called whenever tasks of the result run again after it had ended
        self.on_resume: list[Callable[[ResultLike], None]] = []
        self.namespace: Callable[[], Mapping[str, object]] = dict  # returns the variables of the user

    # updating ------------------------------------------------------------------------------------

    def update(self) -> None:
        """Drain, and have the clock stand still while contact is lost."""
        self.drain()
        self.record.clock.hold(self.lost)

    @abstractmethod
    def poll(self) -> None:
        """Drain, and have the watchdog check; called a few times a second by views and waiters."""

    def fetch(self, result: ResultLike) -> bool:
        """Return whether the result is ready; one that the Hub keeps is fetched once it is complete."""
        return result._ready

    # state ---------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Name of the function, or if it is a lambda, of the variable that holds the result now."""
        name = self.record.name
        result = self.record.result() if name.startswith(_LAMBDAS) else None
        return (result is not None and _find_variable(self.namespace(), result)) or name

    def is_named(self, name: str) -> bool:
        """Return whether the result still has a name; quick, as it looks for no other one."""
        held = self.namespace().get(name)
        return name == self.record.name or (held is not None and held is self.record.result())

    @property
    @abstractmethod
    def lost(self) -> bool:
        """Whether no more replies can be expected."""

    @property
    @abstractmethod
    def note(self) -> str:
        """Sentence about the connection for the user; empty while all is well."""

    def wall_time(self) -> float:
        """Return the seconds between the first submission and the last arrival so far; 0 before any."""
        result, clock = self.record.result(), self.record.clock
        if result is not None and result._ready and not self.record.columns.ended:
            # the record of a result that was ready when it was first followed is filled only when needed
            clock.add_submitted(list(map(_SUBMITTED, result._metadata)))
            clock.add_received(list(map(_RECEIVED, result._metadata)))
        else:
            self.drain()
        return clock.wall_time

    def summary(self, analyse_run: bool = True) -> Summary:
        """Drain and return the summary; to analyse a run of a million tasks takes a second."""
        self.update()
        with self.record.lock:
            return self._summarize(analyse_run)

    def snapshot(self) -> Snapshot:
        """Drain and return all facts; may be called from any thread at any time."""
        self.update()
        with self.record.lock:
            result = self.record.result()
            metadata = () if result is None else self.metadata(result)
            summary = self._summarize(analyse_run=True)
            describe = self.source.writer.describe_input_at
            return build_snapshot(self.record, summary, result, metadata, describe)

    def timeline(self, limit: int | None = None) -> Timeline:
        """Drain and return the timeline of all ended messages, or of a sample of at most `limit`."""
        self.update()
        return take_timeline(self.record, limit)

    def _summarize(self, analyse_run: bool) -> Summary:
        record, lost = self.record, self.lost
        note = self.final_note if record.finished else self.note
        if analyse_run and not record.columns.counts[UNKNOWN]:
            time_use, advice = self._run_analysis.analyse(record, self.metadata)
        else:
            time_use, advice = None, ()
        return summarize(
            record,
            name=self.name,
            eta=None if lost else self._eta.range(record, time.time()),
            lost=lost,
            note=" ".join(filter(None, [note, record.failures.note])),
            advice=advice,
            time_use=time_use,
            value=self._describe_value,
        )

    def _describe_value(self) -> str | None:
        result = self.record.result()
        if result is None:
            return None
        return describe_value(lambda: self.source.value(result), self.metadata(result))

    # details on request --------------------------------------------------------------------------

    def task(self, result: ResultLike, position: int, limit: int | None = None) -> dict[str, object]:
        """Return the details of one message as JSON types; raise a LookupError if there is none."""
        self.drain()
        record = self.record
        if not 0 <= position < record.columns.messages:
            msg = f"This result has no message {position:,}: it has {record.columns.messages:,}."
            raise LookupError(msg)
        with record.lock:
            writer, metadata = self.source.writer, self.metadata(result)
            failure = writer.failure_at(position, metadata[position], result._children)
            description = writer.describe_input_at(position)
            return task_details.describe_task(
                record, position, result.msg_ids, metadata, failure, description, limit
            )

    def inputs(self, positions: Sequence[int]) -> dict[str, object]:
        """Return short texts of the inputs of some messages; raise a LookupError if there is none."""
        with self.record.lock:
            if any(position >= self.record.columns.messages for position in positions):
                msg = f"This result has {self.record.columns.messages:,} messages."
                raise LookupError(msg)
            return {"inputs": [self.source.writer.describe_input_at(position) for position in positions]}

    def traceback(self, group: int) -> str:
        """Return the traceback of failure group number `group`; raise a LookupError if there is none."""
        self.drain()
        return task_details.read_traceback(self.record, group)

    def outputs(self, result: ResultLike) -> dict[str, object]:
        """Return the tasks with the newest output as JSON types."""
        self.drain()
        with self.record.lock:
            return task_details.describe_outputs(self.record, self.metadata(result))

    # actions -------------------------------------------------------------------------------------

    @abstractmethod
    def cancel(self, interrupt: bool = False, timeout: float = 5.0) -> Cancelled:
        """Cancel what is queued, and on request interrupt what runs; see :func:`~..control.cancel.cancel`."""

    @abstractmethod
    def retry(self, indices: Sequence[int] | None = None) -> Retried:
        """Run failed and cancelled tasks again; see :func:`~..control.retry.retry`."""

    def resume(self) -> None:
        """Call the callbacks: tasks of the result run again."""
        result = self.record.result()
        for callback in list(self.on_resume):
            with log_errors("going on with a result"):
                if result is not None:
                    callback(result)


class FollowedResult(Followed):
    """Facade of one AsyncResult, followed by its futures."""

    source: Recorder | HubRecorder

    def __init__(self, source: Recorder | HubRecorder, connection: Connection) -> None:
        super().__init__(source)
        self._connection = connection
        self._watchdog = Watchdog(connection)

    @property
    def lost(self) -> bool:
        return self._watchdog.lost

    @property
    def note(self) -> str:
        return self._watchdog.note

    def poll(self) -> None:
        """Drain, and have the watchdog check.

        A stream of events is drained no more often than views change: a batch of few events costs nearly as
        much as one of many. The end, and the first event after a pause, are drained at once.
        """
        result = self.record.result()
        if self.source.drained_recently and result is not None and not (result._ready or self.lost):
            return
        self.update()
        finished = self.record.finished
        if not finished:
            self._connection.check_contact()
        if result is not None and not (finished and result._ready):
            self._watchdog.check(self._scope(result))

    def cancel(self, interrupt: bool = False, timeout: float = 5.0) -> Cancelled:
        from ..control.cancel import cancel

        return cancel(self._scope_of_held(), interrupt, timeout)

    def retry(self, indices: Sequence[int] | None = None) -> Retried:
        from ..control.retry import retry

        done = retry(self._scope_of_held(), indices)
        if done.retried:
            self.resume()
        return done

    def _scope_of_held(self) -> ResultScope:
        result = self.record.result()
        assert result is not None, "an action is called on a result that its caller holds"
        return self._scope(result)

    def _scope(self, result: ResultLike) -> ResultScope:
        return ResultScope(cast("AsyncResultLike", result), self.source, self._watchdog)


class FollowedHubResult(FollowedResult):
    """Facade of one AsyncHubResult, followed by queries to the Hub."""

    source: HubRecorder

    def poll(self) -> None:
        """Drain, have the watchdog check, and query the Hub if its last reply is a second old."""
        super().poll()
        if self.record.columns.counts[UNKNOWN]:
            self.final_note = _NO_RECORD
        self.source.query()

    def poll_and_wait(self, timeout: float) -> None:
        """Poll and wait for the Hub's reply, so that the record is at most a second old."""
        self.source.replied.clear()
        self.poll()
        if self.source.query_pending:
            self.source.replied.wait(timeout)
        self.drain()

    def fetch(self, result: ResultLike) -> bool:
        """Have ipyparallel fetch the result once the Hub reports that it is complete."""
        if not result._ready:
            self.drain()
            if self.record.finished and not self._connection.lost:
                self.source.fetch(cast("AsyncResultLike", result))
                return True
        return result._ready


def _find_variable(variables: Mapping[str, object], result: ResultLike) -> str | None:
    """Return the name of a variable that holds a result; compared by identity, to call no user's code."""
    with suppress(RuntimeError):  # another thread defines one
        if id(result) in map(id, list(variables.values())):
            for name, value in list(variables.items()):
                if value is result and type(name) is str and not name.startswith("_"):
                    return name
    return None

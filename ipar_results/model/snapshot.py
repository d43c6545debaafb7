"""Frozen snapshot of one result at one moment: the only input of its views."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Literal

from ..formatting import plural, truncate
from .pauses import cut_pauses
from .status import Status

EngineId = int | str
State = Literal["empty", "queued", "running", "done", "failed", "unknown", "lost", "frozen"]

WIRE_VERSION = 1
_MAX_NAME = 80
WHOLE_TRACEBACK = "Whole traceback, with the frames of libraries:"  # between the two parts of a traceback


def engine_order(engine_id: EngineId) -> tuple[bool, EngineId]:
    """Return the key to sort engines by: their ids, after them those of which only a uuid is known."""
    return isinstance(engine_id, str), engine_id


@dataclass(frozen=True)
class EngineLoad:
    """Work of one engine for a result.

    Attributes
    ----------
    engine_id : int or str
        Engine id, or the uuid if the id was never known.
    done, failed : int
        Finished tasks, and those among them that failed or were aborted.
    running : tuple of (int, float) or None
        Index of the running task, or of the first of its chunk, and the seconds since it started.
    busy_time : float
        Seconds spent in tasks, whatever their outcome, the running task included.
    alive : bool
        False once the engine is no longer in the cluster, unless the result had ended by then.
    died : bool
        True if it held a task when it vanished; one that is not alive and did not die has left.
    joined : float
        Seconds after the first submission at which it joined the cluster; 0 if it did before.
    left : float or None
        Seconds after the first submission at which it left or died; None if it did not, or if unknown.
    """

    engine_id: EngineId
    done: int = 0
    failed: int = 0
    running: tuple[int, float] | None = None
    busy_time: float = 0.0
    alive: bool = True
    died: bool = False
    joined: float = 0.0
    left: float | None = None


@dataclass(frozen=True)
class FailureGroup:
    """Failures with the same exception type and the same last frame of the user's code.

    Attributes
    ----------
    type, message : str
        Exception type, and message of the first failure.
    where : str
        Last frame of the user's code, as ``"function, line 13"``; of libraries if there is no other.
    count : int
        Number of failed tasks; all tasks of a failed chunk count.
    engines : tuple of (int or str)
        Engines that raised it, sorted.
    indices : tuple of int
        Indices of the first 1,000 failed tasks, ascending.
    traceback : str
        One remote traceback with its ANSI codes, the frames of the user's code first; cut in the middle, with
        a note there, if very long.
    first_time, last_time : float or None
        POSIX seconds at which the first and the last of them ended.
    input : tuple of (int, str) or None
        Index of one failed task and short text of its input, if that is still cached; for a chunk the index
        of its first task.
    messages_differ : bool
        True if another of these failures has another message.
    """

    type: str
    message: str
    where: str
    count: int
    engines: tuple[EngineId, ...]
    indices: tuple[int, ...] = field(repr=False)
    traceback: str = field(repr=False)
    first_time: float | None = None
    last_time: float | None = None
    input: tuple[int, str] | None = None
    messages_differ: bool = False


@dataclass(frozen=True)
class TaskRecord:
    """One message: a task, or a chunk of tasks of a map.

    Attributes
    ----------
    index : int
        Index of the message's first task.
    inputs : int
        Number of its tasks, each with one input.
    msg_id : str
        Message id of ipyparallel.
    engine_id : int, str or None
        Engine that runs or ran it; for a coalesced broadcast a text that names all engines.
    status : {'queued', 'running', 'ok', 'failed', 'aborted', 'unknown'}
    submitted, started, completed, received : float or None
        POSIX times in seconds by the client's clock, to which the times of the engine are converted.
    duration : float or None
        Seconds between ``started`` and ``completed``.
    attempts : int
        How often it was sent; the other attributes describe the last attempt.
    input : str or None
        Short text of its input, of a chunk the list of its inputs; None if it is large or no longer cached.
    """

    index: int
    inputs: int
    msg_id: str
    engine_id: EngineId | None
    status: Status
    submitted: float | None = None
    started: float | None = None
    completed: float | None = None
    received: float | None = None
    duration: float | None = None
    attempts: int = 1
    input: str | None = None


@dataclass(frozen=True)
class TaskOutput:
    """Tail of the output of one task.

    Attributes
    ----------
    index : int
        Index of the message's first task.
    engine_id : int, str or None
    stdout, stderr : str
        Last characters of each stream, with their ANSI codes.
    omitted : int
        Characters omitted before both tails.
    rich : int
        Number of rich outputs, such as figures.
    attempt : int
        Number of the attempt that wrote it, from 1.
    """

    index: int
    engine_id: EngineId | None
    stdout: str = ""
    stderr: str = ""
    omitted: int = 0
    rich: int = 0
    attempt: int = 1


@dataclass(frozen=True)
class TimeUse:
    """Use of the engines' time: of each from the first submission, or since it joined, to the last reply.

    ``computing + waiting + overhead + lost + other = total``.

    Attributes
    ----------
    engines : int
        Number of engines that took part.
    total : float
        Engine seconds: ``engines`` times the duration of the run, without the time before an engine joined.
    computing : float
        Seconds in tasks that succeeded.
    waiting : float
        Seconds without a task: none had been submitted yet, or none was left.
    overhead : float
        Seconds of sending, unpacking and bookkeeping.
    lost : float
        Seconds in tasks that failed or were retried, and of engines after they died or left.
    other : float
        Seconds in tasks of other results of the same client.
    """

    engines: int
    total: float
    computing: float
    waiting: float
    overhead: float
    lost: float
    other: float = 0.0


@dataclass(frozen=True)
class Advice:
    """Advice on what would have made a run shorter.

    Attributes
    ----------
    code : str
        One of ``tiny-tasks few-tasks long-tail slow-engine large-messages submission-bound engine-lost``.
    message : str
        Observation and remedy in one or two plain sentences.
    evidence : str
        The figures behind the message.
    gain : float
        Estimated seconds by which the run would have been shorter.
    """

    code: str
    message: str
    evidence: str
    gain: float


@dataclass(frozen=True)
class Summary:
    """Figures of one result, without the lists of a snapshot, so that it is cheap enough for every update.

    The fields are described at :class:`Snapshot`.
    """

    name: str = ""
    total: int = 0
    done: int = 0
    ok: int = 0
    failed: int = 0
    aborted: int = 0
    running: int = 0
    queued: int = 0
    messages: int = 0
    elapsed: float = 0.0
    serial_time: float = 0.0
    wall_time: float | None = None
    speedup: float | None = None
    efficiency: float | None = None
    throughput: float | None = None
    eta: tuple[float, float] | None = None
    finished: bool = False
    outputs_total: int = 0
    state: State = "queued"
    note: str = ""
    single: bool = False
    time: float = 0.0
    submitted: float | None = None
    pauses: tuple[tuple[float, float], ...] = ()
    advice: tuple[Advice, ...] = ()
    time_use: TimeUse | None = None
    value: str | None = None

    def after_start(self, moment: float | None) -> float | None:
        """Return POSIX seconds as seconds after the first submission, without pauses; None if unknown."""
        if moment is None or self.submitted is None:
            return None
        return float(cut_pauses(moment, self.pauses)) - self.submitted


@dataclass(frozen=True)
class Snapshot(Summary):
    """State of one result at ``time``: its summary and its lists of engines, failures, tasks and outputs.

    Counts are numbers of tasks, one for each input of a map, as in ``len(ar)`` and ``ar.progress``; times are
    in seconds.

    Attributes
    ----------
    name : str
        Name of the function, or ``%px``.
    total, done, ok, failed, aborted, running, queued : int
        ``total = done + running + queued``. ``done - ok - failed - aborted`` have ended with an unknown
        outcome: the controller keeps no record of them.
    messages : int
        Number of messages: each carries a task, or a chunk of tasks of a map.
    elapsed : float
        Seconds from the first submission until now, or until the last reply.
    serial_time : float
        Engine time: seconds in tasks that have ended, whatever their outcome, and in attempts before a retry.
    wall_time : float or None
        Seconds from the first submission to the last reply, once finished.
    speedup : float or None
        Number of engines that were busy with its tasks on average: engine time, with that of running tasks,
        divided by the elapsed time, once finished by `wall_time`. It is a speed-up only if each engine has a
        processor for itself.
    efficiency : float or None
        Share of the engines' time in which they were busy with its tasks; None if one reply stands for
        several engines.
    throughput : float or None
        Tasks per second that ran to their end: not those that were aborted.
    eta : tuple of (float, float) or None
        Lower and upper estimate of the remaining seconds.
    finished : bool
        True once no further change is expected.
    outputs_total : int
        Number of tasks with output.
    state : str
        One of ``empty queued running done failed unknown lost frozen``.
    note : str
        Warning or hint in a plain sentence; empty while all is well.
    single : bool
        True for a result of one task.
    time : float
        POSIX seconds at which the snapshot was taken.
    submitted : float or None
        POSIX seconds of the first submission; None if unknown.
    pauses : tuple of (float, float)
        Pauses before retries, which are left out of all durations: begin (POSIX seconds) and seconds of each.
    advice : tuple of Advice
        At most three pieces of advice on a finished run, most gain first.
    time_use : TimeUse or None
        Use of the engines' time, once finished; None if unknown.
    value : str or None
        Short text of the value, for a result of one completed task.
    engines : tuple of EngineLoad
    failures : tuple of FailureGroup
        Groups with the most tasks first.
    tasks : tuple of TaskRecord
        All messages by index or, of more than 50, those that took longest, the longest first.
    outputs : tuple of TaskOutput
        The newest tasks with output.
    """

    engines: tuple[EngineLoad, ...] = ()
    failures: tuple[FailureGroup, ...] = ()
    tasks: tuple[TaskRecord, ...] = ()
    outputs: tuple[TaskOutput, ...] = ()

    def __repr__(self) -> str:
        tasks = f"{self.done:,} of {plural(self.total, 'task')} done, {self.failed:,} failed"
        return f"<Snapshot of {truncate(self.name, _MAX_NAME)!r}: {tasks}, {self.state}>"

    def to_json(self) -> dict[str, object]:
        """Return the snapshot as JSON types, its only wire format.

        Returns
        -------
        dict
            Field names are the keys; ``type`` is ``"snapshot"`` and ``version`` an int.
        """
        fields = json.loads(json.dumps(asdict(self)))  # tuples become lists
        return {"type": "snapshot", "version": WIRE_VERSION, **fields}

"""The frozen facts about one result at one moment: what every view draws and nothing else."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from .status import Status

EngineId = int | str
State = Literal["empty", "queued", "running", "done", "failed", "lost", "frozen"]

WIRE_VERSION = 1


@dataclass(frozen=True)
class EngineLoad:
    """What one engine did for a result.

    Attributes
    ----------
    engine_id : int or str
        The engine's id; its uuid where the id was never known.
    done, failed : int
        Finished inputs, and those among them that failed or were aborted.
    running : tuple of (int, float) or None
        Index of the input that runs now, and for how many seconds it has.
    busy_time : float
        Seconds spent computing, the running task included.
    alive : bool
        False once the engine has left the cluster.
    """

    engine_id: EngineId
    done: int = 0
    failed: int = 0
    running: tuple[int, float] | None = None
    busy_time: float = 0.0
    alive: bool = True


@dataclass(frozen=True)
class FailureGroup:
    """Failures of one type whose last remote frame is the same.

    Attributes
    ----------
    type, message : str
        Exception type, and the message of the first failure of the group.
    where : str
        Last remote frame, as ``"function, line 13"``; empty where there is none.
    count : int
        Failed inputs. A chunk that fails fails all its inputs.
    engines : tuple of (int or str)
        Engines on which it happened, sorted.
    indices : tuple of int
        Failed inputs, ascending: the first 1,000 of them, where `count` is more.
    traceback : str
        One full remote traceback, ANSI codes included; capped, and says so where it was cut.
    first_time, last_time : float or None
        POSIX seconds at which the first and the last of them ended, by the engines' clocks.
    input : tuple of (int, str) or None
        Index and short text of one failing input, where what was sent is still at hand; of a chunk the index
        of its first input.
    """

    type: str
    message: str
    where: str
    count: int
    engines: tuple[EngineId, ...]
    indices: tuple[int, ...]
    traceback: str
    first_time: float | None = None
    last_time: float | None = None
    input: tuple[int, str] | None = None


@dataclass(frozen=True)
class TaskRecord:
    """One message: a task, or a chunk of a map's inputs.

    Attributes
    ----------
    index : int
        Index of the message's first input.
    inputs : int
        How many inputs it carries.
    msg_id : str
        ipyparallel's message id.
    engine_id : int, str or None
        Engine that runs or ran it; for a coalesced broadcast a text that names them all.
    status : {'queued', 'running', 'ok', 'failed', 'aborted'}
    submitted, started, completed, received : float or None
        POSIX times in seconds; ``started`` and ``completed`` by the engine's clock.
    duration : float or None
        Seconds between ``started`` and ``completed``.
    attempts : int
        How often it was sent; the other facts are those of the last time.
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


@dataclass(frozen=True)
class TaskOutput:
    """The tail of what one task wrote.

    Attributes
    ----------
    index : int
        Index of the message's first input.
    engine_id : int, str or None
    stdout, stderr : str
        Last characters of each stream, ANSI codes included.
    omitted : int
        Characters left out before the tails, both streams together.
    rich : int
        Rich outputs (figures and the like), counted only.
    attempt : int
        The attempt that wrote it, from 1.
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
    """Where the time of the engines went: every second between the first submission and the last arrival.

    ``computing + waiting + overhead + lost + other = total``.

    Attributes
    ----------
    engines : int
        Engines that took part.
    total : float
        Seconds, all engines together: ``engines`` times the time of the run.
    computing : float
        Seconds spent in tasks that ended well.
    waiting : float
        Seconds in which there was no task for an engine: it had not been submitted yet, or none was left.
    overhead : float
        Seconds in which a task or its result was on its way: sending, unpacking, bookkeeping.
    lost : float
        Seconds spent in tasks that failed or were tried again, and of engines after they had left.
    other : float
        Seconds spent in tasks of other results of the same client.
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
    """What would have made a run shorter.

    Attributes
    ----------
    code : str
        One of ``tiny-tasks few-tasks long-tail slow-engine large-messages submission-bound engine-lost``.
    message : str
        What was seen and what to do about it, in one or two plain sentences.
    evidence : str
        The figures behind it.
    gain : float
        About how many seconds earlier the run would have ended.
    """

    code: str
    message: str
    evidence: str
    gain: float


@dataclass(frozen=True)
class Summary:
    """Figures of one result that are one number or word each: cheap enough to take again and again.

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
    advice: tuple[Advice, ...] = ()
    time_use: TimeUse | None = None

    def fields(self) -> dict[str, Any]:
        """Return the fields of a summary by name, not copied."""
        return {name: getattr(self, name) for name in _SUMMARY}


_SUMMARY = tuple(Summary.__dataclass_fields__)


@dataclass(frozen=True)
class Snapshot(Summary):
    """State of one result, as it was at ``time``: its summary and what there is to list.

    Counts are in inputs, as ``len(ar)`` and ``ar.progress`` count them; times are seconds.

    Attributes
    ----------
    name : str
        The function's name, or ``%px``.
    total, done, ok, failed, aborted, running, queued : int
        ``done = ok + failed + aborted`` and ``total = done + running + queued``.
    messages : int
        How many messages carry the inputs.
    elapsed : float
        Seconds since the first submission; stops at the last arrival.
    serial_time : float
        Sum of the computation times of the finished tasks.
    wall_time : float or None
        First submission to last arrival, once finished.
    speedup, efficiency : float or None
        Computation time, that of the tasks that run included, over the elapsed time; and that for each
        engine seen. No efficiency where one reply stands for several engines.
    throughput : float or None
        Finished inputs a second.
    eta : tuple of (float, float) or None
        Seconds still to go, from and to.
    finished : bool
        Whether all tasks have ended.
    outputs_total : int
        How many tasks wrote something.
    state : str
        One of ``empty queued running done failed lost frozen``.
    note : str
        Plain sentence that the user must read beside the counts; empty while all is well.
    single : bool
        True for a result of one task.
    time : float
        POSIX time at which this was true.
    advice : tuple of Advice
        What would have made a run that has finished shorter: at most three, most gain first.
    time_use : TimeUse or None
        Where the engines' time went, once finished. None where it is not known.
    engines : tuple of EngineLoad
    failures : tuple of FailureGroup
        Most inputs first.
    tasks : tuple of TaskRecord
        The first messages; ``messages`` says how many there are.
    outputs : tuple of TaskOutput
        The newest tasks that wrote something.
    value : str or None
        Short text of the value, for a result of one finished task.
    """

    engines: tuple[EngineLoad, ...] = ()
    failures: tuple[FailureGroup, ...] = ()
    tasks: tuple[TaskRecord, ...] = ()
    outputs: tuple[TaskOutput, ...] = ()
    value: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The snapshot as JSON types: the only wire format.

        Returns
        -------
        dict
            Field names are the keys; ``type`` is ``"snapshot"`` and ``version`` an int.
        """
        return {"type": "snapshot", "version": WIRE_VERSION, **_tuples_to_lists(asdict(self))}


def _tuples_to_lists(value: Any) -> Any:
    """Tuples as lists, all the way down: what a JSON round trip gives back."""
    if isinstance(value, dict):
        return {key: _tuples_to_lists(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_tuples_to_lists(item) for item in value]
    return value

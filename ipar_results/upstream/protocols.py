"""Typed protocols for the parts of ipyparallel on which this package relies, its private names included.

ipyparallel ships no types. A name that is not listed here is not used anywhere in the package;
``tests/upstream/test_protocols.py`` fails, and names the attribute, where an installed ipyparallel lacks one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias, TypedDict

import zmq
from tornado.ioloop import IOLoop

Timestamp: TypeAlias = "datetime | str | None"
"""A date as ipyparallel leaves it: parsed, ISO 8601, or absent."""

Buffer: TypeAlias = "bytes | memoryview"
"""Pickled part of a message."""

JSONObject: TypeAlias = "dict[str, Any]"
"""Part of a message, of whatever shape the sender chose."""

DateField = Literal["submitted", "started", "completed", "received"]


class TaskMetadata(TypedDict):
    """``Metadata`` of one message, a dict with fixed keys: ``client.metadata[msg_id]``."""

    msg_id: str
    submitted: Timestamp
    started: Timestamp
    completed: Timestamp
    received: Timestamp
    engine_id: int | list[int] | None
    engine_uuid: str | list[str] | None
    status: str | None
    error: object
    stdout: str
    stderr: str
    outputs: list[dict[str, object]]
    execute_result: dict[str, object] | None


class Header(TypedDict, total=False):
    """Header of a Jupyter message."""

    msg_id: str
    msg_type: str
    date: Timestamp


class Message(TypedDict):
    """Jupyter message as the client's session unpacks it: sent by an engine or the Hub, so not trusted."""

    header: Header
    parent_header: Header
    metadata: JSONObject
    content: JSONObject
    buffers: list[Buffer]


class RegistrationEvent(TypedDict):
    """What a client's registration callbacks get when an engine joins or leaves the cluster."""

    event: str
    id: int
    uuid: str


class FutureLike(Protocol):
    """``concurrent.futures.Future``, with the internals that this package reads and writes."""

    _state: str
    _result: object
    _exception: BaseException | None
    _condition: threading.Condition
    _done_callbacks: list[Callable[..., object]]
    _waiters: list[object]

    def done(self) -> bool: ...

    def result(self, timeout: float | None = None) -> Any: ...

    def exception(self, timeout: float | None = None) -> BaseException | None: ...

    def add_done_callback(self, fn: Callable[..., object], /) -> None: ...

    def set_result(self, result: object) -> None: ...

    def set_exception(self, exception: BaseException | None) -> None: ...


class OutputFutureLike(FutureLike, Protocol):
    """Future that ends once all output of a message has arrived."""

    msg_id: str
    metadata: TaskMetadata


class MessageFutureLike(FutureLike, Protocol):
    """``MessageFuture``: the reply to one message."""

    msg_id: str
    header: Header
    output: OutputFutureLike
    iopub_callbacks: list[Callable[[Message], None]]

    def cancelled(self) -> bool: ...

    def wait(self, timeout: float | None = None) -> bool: ...


class ResultLike(Protocol):
    """What views use of an ``AsyncResult``; a group of results has it too."""

    msg_ids: list[str]
    _fname: str
    _single_result: bool
    _ready_event: threading.Event

    @property
    def _children(self) -> list[MessageFutureLike]: ...

    @property
    def _metadata(self) -> list[TaskMetadata]: ...

    @property
    def _chunk_sizes(self) -> dict[str, int] | None: ...

    @property
    def _ready(self) -> bool: ...

    @property
    def _output_ready(self) -> bool: ...


class AsyncResultLike(FutureLike, ResultLike, Protocol):
    """``AsyncResult``: a future of several messages."""

    owner: bool
    _client: ClientLike
    _children: list[MessageFutureLike]
    _metadata: list[TaskMetadata]
    _chunk_sizes: dict[str, int]
    _targets: object
    _return_exceptions: bool
    _ready: bool
    _success: bool | None
    _output_ready: bool
    _output_event: threading.Event
    _result_future: FutureLike
    _output_future: FutureLike
    _raw_results: Sequence[object]
    _DATE_FIELDS: Sequence[DateField]

    def ready(self) -> bool: ...

    def wait(self, timeout: float | None = None) -> bool: ...

    def get(
        self,
        timeout: float | None = None,
        return_exceptions: bool | None = None,
        return_when: str | None = None,
    ) -> object: ...

    def _resolve_result(self, f: FutureLike | None = None) -> None: ...

    def _resolve_output(self, f: FutureLike | None = None) -> None: ...

    def _finalize_result(self, f: FutureLike) -> None: ...


class ClientLike(Protocol):
    """``Client``: connection to one cluster."""

    outstanding: set[str]
    results: dict[str, object]
    metadata: dict[str, TaskMetadata]
    cluster: ClusterLike | None
    curve_serverkey: bytes | None
    curve_secretkey: bytes | None
    curve_publickey: bytes | None
    history: list[str]
    _futures: dict[str, MessageFutureLike]
    _output_futures: dict[str, OutputFutureLike]
    _outstanding_dict: dict[str, set[str]]
    _ids: list[int]
    _engines: dict[int, str]
    _registration_callbacks: list[Callable[[RegistrationEvent], None]]
    _queue_handlers: dict[str, Callable[[Message], None]]
    _closed: bool
    _io_loop: IOLoop
    _io_thread: threading.Thread | None
    _context: zmq.Context[zmq.Socket[bytes]]
    _config: dict[str, object]
    _profile_dir: object
    _ssh: bool
    _task_stream: object
    _mux_stream: object
    _control_stream: object
    _query_stream: object

    def _send(
        self,
        socket: object,
        msg_type: str,
        content: dict[str, object] | None = None,
        *,
        ident: bytes | None = None,
        buffers: Sequence[Buffer] | None = None,
        metadata: dict[str, object] | None = None,
        track_outstanding: bool = False,
        message_future_hook: Callable[[MessageFutureLike], None] | None = None,
    ) -> MessageFutureLike: ...

    def _should_use_metadata_msg_id(self, msg: Message) -> bool: ...

    def _msg_ids_from_jobs(self, jobs: object = None) -> list[str]: ...


class ViewLike(Protocol):
    """``View``: a way to submit tasks to the engines of a client."""

    client: ClientLike
    targets: int | str | Sequence[int] | None
    block: bool

    def __len__(self) -> int: ...

    def apply_async(
        self, f: Callable[..., object], /, *args: object, **kwargs: object
    ) -> AsyncResultLike: ...


class LauncherLike(Protocol):
    """``Launcher`` of a controller or of a set of engines."""

    state: str
    n: int


class ClusterLike(Protocol):
    """``Cluster``: starts and stops a controller and its engines."""

    cluster_id: str
    profile_dir: str
    controller: LauncherLike | None
    engines: dict[str, LauncherLike]


class LazyMapLike(Protocol):
    """``LazyMapIterator``, which ``LoadBalancedView.imap`` returns."""

    _gen: Iterator[object]

    def __init__(self, gen: Iterator[object], signal_done: Callable[[], object]) -> None: ...

    def cancel(self) -> None: ...


SOCKETS = ("_task_socket", "_mux_socket", "_broadcast_socket", "_iopub_socket")
"""Attributes of a client: its sockets that are connected to the controller's schedulers."""

MODULE_NAMES = {
    "ipyparallel": ("AsyncHubResult", "AsyncMapResult", "AsyncResult", "Client", "Cluster"),
    "ipyparallel.client.client": ("Metadata",),
    "ipyparallel.client.futures": ("MessageFuture", "multi_future"),
    "ipyparallel.client.map": ("mappable",),
    "ipyparallel.client.remotefunction": ("_prepickled_map", "getname"),
    "ipyparallel.client.view": ("LoadBalancedView", "View"),
    "ipyparallel.error": (
        "KernelError",
        "RemoteError",
        "TaskAborted",
        "collect_exceptions",
        "unwrap_exception",
    ),
    "ipyparallel.serialize": ("deserialize_object",),
    "ipyparallel.util": ("_parse_date", "utcnow"),
}
"""By module: the classes and functions that are imported, called or replaced."""

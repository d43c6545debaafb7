"""Whether the controller's schedulers are there: each is a process of its own, and the Hub outlives them."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..log import trouble

# by the attribute of the client's socket
_NAMES = {
    "task": "task scheduler",
    "mux": "direct scheduler",
    "broadcast": "broadcast scheduler",
    "iopub": "iopub scheduler",
}
_RECONNECT_MS = (200, 5_000)  # how soon a connection that failed is tried again, at first and at the longest


class Schedulers:
    """The schedulers of one client's controller, asked for only while somebody waits for them.

    Parameters
    ----------
    client : ipyparallel.Client
        Held weakly.
    contact_timeout : callable returning float
        Seconds without an answer after which one counts as lost.
    """

    def __init__(self, client: Any, contact_timeout: Callable[[], float]) -> None:
        self._client = weakref.ref(client)
        self._contact_timeout = contact_timeout
        self._endpoints: dict[str, str] = {}
        self._reading_endpoints = False
        self._probes: dict[str, Probe] = {}
        self._answered_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def silence(self, scheduler: str) -> float:
        """Seconds for which a scheduler has owed an answer; 0 where it owes none. Never waits."""
        with self._lock:
            try:
                return self._probe(scheduler)
            except Exception:
                trouble("asking for the %s", _NAMES[scheduler])
                return 0.0

    def describe_problem(self, scheduler: str) -> str:
        """What a person must know of a scheduler that is lost; an empty text while it is not."""
        silence = self.silence(scheduler)
        if silence <= self._contact_timeout():
            return ""
        return (
            f"The controller's {_NAMES[scheduler]} has not answered for {silence:.0f} s. "
            "Results received so far are kept."
        )

    def close(self) -> None:
        """Ask no more; a second call does nothing."""
        with self._lock:
            for probe in self._probes.values():
                probe.close()
            self._probes.clear()

    def _probe(self, scheduler: str) -> float:
        now, client = time.monotonic(), self._client()
        probe = self._probes.get(scheduler)
        if probe is not None:
            if not probe.answered():
                return now - probe.started_at
            probe.close()
            del self._probes[scheduler]
            self._answered_at[scheduler] = now
        elif client is not None and not client._closed:
            if scheduler not in self._endpoints:
                self._read_endpoints(client)
            elif now - self._answered_at.get(scheduler, -1e9) > self._contact_timeout() / 4:
                self._probes[scheduler] = Probe(
                    client, self._endpoints[scheduler], is_publisher=scheduler == "iopub"
                )
        return 0.0

    def _read_endpoints(self, client: Any) -> None:
        """Read what the client's sockets are connected to, which may be a tunnel, on their own thread."""
        if self._reading_endpoints:
            return
        self._reading_endpoints = True
        endpoints = self._endpoints

        def read() -> None:
            for scheduler in _NAMES:
                with suppress(Exception):  # closed just now
                    endpoints[scheduler] = getattr(client, f"_{scheduler}_socket").LAST_ENDPOINT.decode()

        with suppress(RuntimeError, AttributeError):  # the same
            client._io_loop.add_callback(read)


class Probe:
    """A connection of our own to a scheduler, whose greeting shows that it is there; no message is sent.

    ZeroMQ tries again until it succeeds. A scheduler that only publishes greets those that `listen`.
    """

    def __init__(self, client: Any, endpoint: str, is_publisher: bool = False) -> None:
        import zmq

        self.started_at = time.monotonic()
        self._socket = client._context.socket(zmq.SUB if is_publisher else zmq.DEALER)
        try:
            self._socket.linger = 0
            self._socket.reconnect_ivl, self._socket.reconnect_ivl_max = _RECONNECT_MS
            if client.curve_serverkey:
                for key in ("curve_serverkey", "curve_secretkey", "curve_publickey"):
                    setattr(self._socket, key, getattr(client, key))
            self._monitor = self._socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
            self._monitor.linger = 0
            self._socket.connect(endpoint)
        except BaseException:
            self.close()
            raise

    def answered(self) -> bool:
        """Whether the scheduler has greeted."""
        return bool(self._monitor.poll(0))

    def close(self) -> None:
        """End the connection; a second call does nothing."""
        if self._socket.closed:
            return
        events = self._socket._monitor_socket
        if events is not None:
            self._socket.disable_monitor()
            events.close()
        self._socket.close()

    def __del__(self) -> None:
        # its client was dropped, and nobody looks any more
        with suppress(Exception):
            self.close()

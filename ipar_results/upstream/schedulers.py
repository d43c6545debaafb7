"""Probes of the controller's schedulers, each a process of its own that may die while the Hub lives on."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress

from ..log import log_errors
from .protocols import ClientLike

# by the name of the client's socket, as in _task_socket
_NAMES = {
    "task": "task scheduler",
    "mux": "direct scheduler",
    "broadcast": "broadcast scheduler",
    "iopub": "iopub scheduler",
}
_RECONNECT_MS = (200, 5_000)  # delay before a failed connection is retried: first and longest


class Schedulers:
    """Liveness of one client's schedulers, probed only while work waits; holds the client weakly."""

    def __init__(self, client: ClientLike, contact_timeout: Callable[[], float]) -> None:
        self._client = weakref.ref(client)
        self._contact_timeout = contact_timeout
        self._endpoints: dict[str, str] = {}
        self._reading_endpoints = False
        self._probes: dict[str, Probe] = {}
        self._answered_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def silence(self, scheduler: str) -> float:
        """Return the seconds for which a scheduler has owed an answer, 0 if none is due; never wait."""
        with self._lock, log_errors("probing the %s", _NAMES[scheduler]):
            return self._probe(scheduler)
        return 0.0

    def describe_problem(self, scheduler: str) -> str:
        """Return a sentence for the user if a scheduler is lost, else an empty string."""
        silence = self.silence(scheduler)
        if silence <= self._contact_timeout():
            return ""
        return (
            f"The controller's {_NAMES[scheduler]} has not answered for {silence:.0f} s. "
            "Results received so far are kept."
        )

    def close(self) -> None:
        """End all probes; a second call does nothing."""
        with self._lock:
            for probe in self._probes.values():
                probe.close()
            self._probes.clear()

    def _probe(self, scheduler: str) -> float:
        """Begin a probe or look at the pending one; return the seconds for which it has been pending."""
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

    def _read_endpoints(self, client: ClientLike) -> None:
        """Read the endpoints of the client's sockets, which may be tunnels, on their IO thread."""
        if self._reading_endpoints:
            return
        self._reading_endpoints = True
        endpoints = self._endpoints

        def read() -> None:
            for scheduler in _NAMES:
                with suppress(Exception):  # just closed
                    endpoints[scheduler] = getattr(client, f"_{scheduler}_socket").LAST_ENDPOINT.decode()

        with suppress(RuntimeError, AttributeError):  # likewise
            client._io_loop.add_callback(read)


class Probe:
    """Connection attempt to a scheduler: its ZeroMQ handshake shows that it lives. No message is sent.

    ZeroMQ retries until it succeeds. A publisher accepts SUB sockets only.
    """

    def __init__(self, client: ClientLike, endpoint: str, is_publisher: bool = False) -> None:
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
        """Return True once the handshake has succeeded."""
        return bool(self._monitor.poll(0))

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        if self._socket.closed:
            return
        events = self._socket._monitor_socket
        if events is not None:
            self._socket.disable_monitor()
            events.close()
        self._socket.close()

    def __del__(self) -> None:
        # close() was not called: the client was garbage-collected
        with suppress(Exception):
            self.close()

"""How large messages are: noted for the large ones only, as they pass through a client."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

from .log import trouble

LARGE = 100_000  # bytes; below, what a message holds does not matter to how long it takes
_KEPT = 100_000


class Sizes:
    """Bytes of the large messages of one client.

    Parameters
    ----------
    client : ipyparallel.Client
        Held weakly.
    """

    def __init__(self, client: Any) -> None:
        self._client = weakref.ref(client)
        self._theirs = getattr(type(client), "_send", None)
        self._sent: dict[str, int] = {}
        self._came: dict[str, int] = {}
        if self._theirs is not None:
            client._send = self._send

    def close(self) -> None:
        """Take our method off the client; a second call does nothing."""
        client = self._client()
        if client is not None and vars(client).get("_send") == self._send:
            del client._send

    def sent(self, msg_ids: Iterable[str]) -> int:
        """Bytes of those requests that are large."""
        return sum(self._sent.get(msg_id, 0) for msg_id in msg_ids) if self._sent else 0

    def came(self, msg_ids: Iterable[str]) -> int:
        """Bytes of those replies that are large."""
        return sum(self._came.get(msg_id, 0) for msg_id in msg_ids) if self._came else 0

    def _send(self, socket: Any, msg_type: str, *args: Any, **kwargs: Any) -> Any:
        client = self._client()
        assert self._theirs is not None
        future = self._theirs(client, socket, msg_type, *args, **kwargs)
        if msg_type == "apply_request" and kwargs.get("buffers"):
            _note(self._sent, future.msg_id, kwargs["buffers"])
        return future

    def reply(self, msg_id: str, buffers: Any) -> None:
        """Note a reply before it is read."""
        _note(self._came, msg_id, buffers)


def _note(kept: dict[str, int], msg_id: str, buffers: Any) -> None:
    try:
        size = sum(b.nbytes if isinstance(b, memoryview) else len(b) for b in buffers)
        if size >= LARGE:
            kept[msg_id] = size
            if len(kept) > _KEPT:
                del kept[next(iter(kept))]
    except Exception:
        trouble("measuring a message")

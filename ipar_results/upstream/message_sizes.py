"""How large messages are: noted for the large ones only, as they pass through a client."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..log import trouble

LARGE = 100_000  # bytes; below, what a message holds does not matter to how long it takes
_KEPT = 100_000


class Sizes:
    """Bytes of the large messages of one client."""

    def __init__(self) -> None:
        self._sent: dict[str, int] = {}
        self._came: dict[str, int] = {}

    def sent(self, msg_ids: Iterable[str]) -> int:
        """Bytes of those requests that are large."""
        return sum(self._sent.get(msg_id, 0) for msg_id in msg_ids) if self._sent else 0

    def came(self, msg_ids: Iterable[str]) -> int:
        """Bytes of those replies that are large."""
        return sum(self._came.get(msg_id, 0) for msg_id in msg_ids) if self._came else 0

    def request(self, msg_id: str, buffers: Any) -> None:
        """Note a request that was sent."""
        _note(self._sent, msg_id, buffers)

    def reply(self, msg_id: str, buffers: Any) -> None:
        """Note a reply before it is read."""
        _note(self._came, msg_id, buffers)

    def drop(self, msg_ids: Iterable[str]) -> None:
        """Forget these."""
        for kept in filter(None, (self._sent, self._came)):
            for msg_id in msg_ids:
                kept.pop(msg_id, None)


def _note(kept: dict[str, int], msg_id: str, buffers: Any) -> None:
    try:
        size = sum(b.nbytes if isinstance(b, memoryview) else len(b) for b in buffers)
        if size >= LARGE:
            kept[msg_id] = size
            if len(kept) > _KEPT:
                del kept[next(iter(kept))]
    except Exception:
        trouble("measuring a message")

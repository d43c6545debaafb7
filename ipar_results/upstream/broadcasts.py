"""What a client keeps of a broadcast: ipyparallel never lets go of it, and each would stay in memory."""

from __future__ import annotations

from concurrent.futures import InvalidStateError
from contextlib import suppress
from typing import Any

from .replies import forget_when_done


def forget_broadcast_when_done(client: Any, request: Any, metadata: Any) -> None:
    """Have a client let go of a broadcast as it does of other tasks; called just before it is sent.

    Parameters
    ----------
    client : ipyparallel.Client
    request : MessageFuture
        Of the message that was sent.
    metadata : dict
        What was sent with it.
    """
    parts = {f"{request.msg_id}_{uuid}": uuid for uuid, *_ in metadata["targets"]}
    if metadata["is_coalescing"]:
        _forget_coalesced(client, request, parts)
        return
    # an answer comes for each engine under an id of its own, and none for the message that was sent
    for kept in (client._futures, client._output_futures, client.metadata):
        kept.pop(request.msg_id, None)
    client.outstanding.discard(request.msg_id)
    for part in parts:
        future = client._futures.get(part)
        if future is not None:
            forget_when_done(client, future)


def _forget_coalesced(client: Any, request: Any, parts: dict[str, str]) -> None:
    """One answer comes for all engines; what they write comes under ids that nobody asks for."""
    from ipyparallel.client.futures import MessageFuture

    def forget(output: Any) -> None:
        client._output_futures.pop(output.msg_id, None)
        client.metadata.pop(output.msg_id, None)

    def on_done(_: Any) -> None:
        alive = set(client._engines.values())
        for output in outputs:
            if parts[output.msg_id] not in alive:
                forget(output)
        # nothing else would ever end the wait for its output
        with suppress(InvalidStateError):
            request.output.set_result(None)

    outputs = [MessageFuture(part) for part in parts]
    for output in outputs:
        output.metadata = client.metadata[output.msg_id]  # without it the word of the end is overlooked
        client._output_futures[output.msg_id] = output
        output.add_done_callback(forget)
    request.add_done_callback(on_done)

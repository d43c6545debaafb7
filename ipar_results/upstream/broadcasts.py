"""Clean-up of a client's state after broadcasts, which ipyparallel would keep in memory."""

from __future__ import annotations

from concurrent.futures import InvalidStateError
from contextlib import suppress

from .protocols import ClientLike, FutureLike, JSONObject, MessageFutureLike, OutputFutureLike
from .replies import forget_when_done


def forget_broadcast_when_done(client: ClientLike, request: MessageFutureLike, metadata: JSONObject) -> None:
    """Have a client forget a broadcast once it ends, as it forgets other messages.

    Must be called before it is sent: an engine may publish the end of its output right afterwards.
    """
    parts = {f"{request.msg_id}_{uuid}": uuid for uuid, *_ in metadata["targets"]}
    if metadata["is_coalescing"]:
        _forget_coalesced(client, request, parts)
        return
    # each engine replies under an id of its own, and nothing under the id of the broadcast
    for kept in (client._futures, client._output_futures, client.metadata):
        kept.pop(request.msg_id, None)
    client.outstanding.discard(request.msg_id)
    for part in parts:
        future = client._futures.get(part)
        if future is not None:
            forget_when_done(client, future)


def _forget_coalesced(client: ClientLike, request: MessageFutureLike, parts: dict[str, str]) -> None:
    """Forget the output of each engine: one reply arrives for all, but output under an id for each engine."""
    from ipyparallel.client.futures import MessageFuture

    def forget(output: OutputFutureLike) -> None:
        client._output_futures.pop(output.msg_id, None)
        client.metadata.pop(output.msg_id, None)

    def on_done(_: FutureLike) -> None:
        alive = set(client._engines.values())
        for output in outputs:
            if parts[output.msg_id] not in alive:
                forget(output)
        # nothing else ends the wait for its output
        with suppress(InvalidStateError):
            request.output.set_result(None)

    outputs: list[OutputFutureLike] = [MessageFuture(part) for part in parts]
    for output in outputs:
        output.metadata = client.metadata[output.msg_id]  # ipyparallel skips `idle` without it
        client._output_futures[output.msg_id] = output
        output.add_done_callback(forget)
    request.add_done_callback(on_done)

"""Clients of ipyparallel that are subscribed to their engines.

ZeroMQ subscribes in the background, and what is published before the subscription arrives is lost: a client
that has just connected can miss a task's "busy" and the end of its output.
"""

import time

# The same in a cell or a script, in which `rc` is the client.
SUBSCRIBE = """\
pings = iter(lambda: rc[:].apply_async(time.time), None)
next(ping for ping in pings if ping.get(60) and ping.wait_for_output(0.2)) and None
del pings
"""


def subscribe(client, timeout=60):
    """Wait until a client receives what each of its engines publishes; leaves no result and no record."""
    deadline = time.monotonic() + timeout
    for uuid in list(client._engines.values()):
        while not _answers(client, uuid):
            assert time.monotonic() < deadline, "the client receives nothing that its engines publish"


def _answers(client, uuid, timeout=0.2):
    """Return whether the client receives the status that an engine publishes for a message without reply."""
    header = client.session.msg_header("comm_close")
    metadata = client.metadata[header["msg_id"]]
    content = {"comm_id": "unknown", "data": {}}
    client._send(client._control_stream, "comm_close", content=content, header=header, ident=uuid.encode())
    deadline = time.monotonic() + timeout
    while metadata["engine_uuid"] is None and time.monotonic() < deadline:
        time.sleep(0.005)
    client.metadata.pop(header["msg_id"], None)
    return metadata["engine_uuid"] is not None

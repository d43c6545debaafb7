#!/usr/bin/env bash
# Comm that a client opens under the id of an open comm of the kernel
#
# Guess:   the kernel refuses it, or says that the first comm is closed.
# Happens: the new comm takes the place of the first, which gets no message any more, nor one that it is closed. Its
#          close() raises a KeyError once the new one is closed.
# Why it matters to us: the layer's comm can be taken over, so that closing it has to bear the KeyError.
source "$(dirname "$0")/common.sh"
install ipykernel==7.4.0 jupyter_client==8.10.0 ipython==9.18.1
check "received by: ['first', 'second']
the first says that it is closed: False
close() of the first: KeyError" <<'PYTHON'
from jupyter_client.manager import start_new_kernel

SETUP = """
from comm import create_comm, get_comm_manager
got = []
get_comm_manager().register_target("page", lambda comm, message: comm.on_msg(lambda message: got.append("second")))
first = create_comm(target_name="page")
first.on_msg(lambda message: got.append("first"))
first.on_close(lambda message: got.append("first is closed"))
print(first.comm_id)
"""
LOOK = """
print("received by:", got)
print("the first says that it is closed:", first._closed)
"""
CLOSE = """
try:
    first.close()
    print("close() of the first: no error")
except KeyError:
    print("close() of the first: KeyError")
"""
manager, client = start_new_kernel(kernel_name="python3")
try:

    def run(code):
        printed = []

        def hook(message):
            if message["msg_type"] == "stream":
                printed.append(message["content"]["text"])

        client.execute_interactive(code, timeout=60, output_hook=hook)
        return "".join(printed)

    def send(kind, **content):
        client.shell_channel.send(client.session.msg(kind, {"comm_id": comm_id, "data": {}, **content}))

    comm_id = run(SETUP).strip()
    send("comm_msg")
    send("comm_open", target_name="page")
    send("comm_msg")
    print(run(LOOK), end="")
    send("comm_close")
    print(run(CLOSE), end="")
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
PYTHON

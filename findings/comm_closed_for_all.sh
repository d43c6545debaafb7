#!/usr/bin/env bash
# Comm that one of two clients closes
#
# Guess:   it is closed for that client; or for all, and then the kernel tells the others.
# Happens: it is gone for all, and the other client gets no comm_close. What the kernel sends on it afterwards arrives
#          nevertheless.
# Why it matters to us: a page without the labextension closes the comm of every other page.
source "$(dirname "$0")/common.sh"
install ipykernel==7.4.0 jupyter_client==8.10.0 ipython==9.18.1
check "listed before: 1
listed afterwards: 0
the other client got: ['comm_msg']" <<'PYTHON'
import queue

from jupyter_client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

manager, first = start_new_kernel(kernel_name="python3")
second = BlockingKernelClient(connection_file=manager.connection_file)
second.load_connection_file()
second.start_channels()
second.wait_for_ready(timeout=60)
try:
    run = dict(timeout=60, output_hook=lambda message: None)
    first.execute_interactive("from comm import create_comm; comm = create_comm(target_name='page')", **run)
    comms = first.comm_info("page", reply=True, timeout=60)["content"]["comms"]
    print("listed before:", len(comms))
    second.execute_interactive("", **run)  # reads all that has arrived until now
    for comm_id in comms:
        first.shell_channel.send(first.session.msg("comm_close", {"comm_id": comm_id, "data": {}}))
    print("listed afterwards:", len(first.comm_info("page", reply=True, timeout=60)["content"]["comms"]))
    first.execute_interactive("comm.send({'still': 'there'})", **run)
    got = []
    try:
        while True:
            got.append(second.get_iopub_msg(timeout=5)["msg_type"])
    except queue.Empty:
        print("the other client got:", [each for each in got if each.startswith("comm_")])
finally:
    first.stop_channels()
    second.stop_channels()
    manager.shutdown_kernel(now=True)
PYTHON

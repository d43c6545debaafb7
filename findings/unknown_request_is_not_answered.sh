#!/usr/bin/env bash
# Request of a type that the kernel does not know
#
# Guess:   the kernel replies with an error, so that the sender need not wait.
# Happens: there is no reply on the control channel, only an error in the kernel's log. iopub says busy and idle.
# Why it matters to us: a page that looks for the package in each kernel must ask by a message of Jupyter's own.
source "$(dirname "$0")/common.sh"
install ipykernel==7.4.0 jupyter_client==8.10.0 ipython==9.18.1
check 'reply within 5 s: False
busy and idle: True
logged: True' <<'PYTHON'
import queue
import time

from jupyter_client.manager import start_new_kernel

with open("log.txt", "w") as log:
    manager, client = start_new_kernel(kernel_name="python3", stderr=log)
try:
    message = client.session.msg("ask_extension", {"about": "version"})
    client.control_channel.send(message)
    try:
        reply = client.get_control_msg(timeout=5)
        print("reply within 5 s:", reply["parent_header"]["msg_id"] == message["header"]["msg_id"])
    except queue.Empty:
        print("reply within 5 s:", False)
    states = []
    deadline = time.monotonic() + 30
    while states != ["busy", "idle"] and time.monotonic() < deadline:
        each = client.get_iopub_msg(timeout=30)
        if each["parent_header"].get("msg_id") == message["header"]["msg_id"]:
            states.append(each["content"].get("execution_state"))
    print("busy and idle:", states == ["busy", "idle"])
    print("logged:", "UNKNOWN CONTROL MESSAGE TYPE: 'ask_extension'" in open("log.txt").read())
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
PYTHON

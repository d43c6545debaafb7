#!/usr/bin/env bash
# Inspection of an object that displays itself
#
# Guess:   a user expression of an execute request describes the value and publishes nothing, whatever it is.
# Happens: for an object with `_ipython_display_` the kernel publishes a display in the cell, and the reply has
#          no data at all. A formatter cannot tell display from inspection.
# Why it matters to us: front ends that inspect variables (JupyterLab's debugger) made live cards appear.
source "$(dirname "$0")/common.sh"
install ipykernel==7.4.0 jupyter_client==8.10.0 ipython==9.18.1
check 'reply: {}
displays published: 1' <<'PYTHON'
from jupyter_client.manager import start_new_kernel

manager, client = start_new_kernel(kernel_name="python3")
try:
    client.execute_interactive(
        "from IPython.display import display\n"
        "class Card:\n"
        "    def _ipython_display_(self):\n"
        "        display('a live card')\n"
        "card = Card()",
        timeout=60,
    )
    published = []
    reply = client.execute_interactive(
        "", silent=False, user_expressions={"x": "card"}, timeout=60,
        output_hook=lambda m: published.append(m["msg_type"]),
    )
    print("reply:", reply["content"]["user_expressions"]["x"]["data"])
    print("displays published:", published.count("display_data"))
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
PYTHON

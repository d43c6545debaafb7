"""What must stay flat in a kernel to which pages come and go: a cell that prints it, and its reading."""

import json

# JupyterLab asks for a subshell for each page, and ipykernel keeps it.
FIGURES = """\
import gc, json, threading, time
deadline = time.monotonic() + 60
while time.monotonic() < deadline and "ipar-results" in str([each.name for each in threading.enumerate()]):
    time.sleep(0.05)  # the ticker's thread ends a moment after the last update
channel = get_ipython().kernel.control_handlers["ipar_request"].__self__
gc.collect()
there = gc.get_objects()
kinds = [type(each).__name__ for each in there]
print(json.dumps({
    "comms": len(get_ipython().kernel.comm_manager.comms),
    "threads": len([each for each in threading.enumerate() if not each.name.startswith("subshell")]),
    "encoders": len(channel._updates._encoders),
    "remembered requests": len(channel._accepted_ids),
    "tracked": len(channel._tracker.all()),
    "readers": len(channel._tracker.all()[0].followed.on_resume),
    **{kind: kinds.count(kind) for kind in ("DeltaEncoder", "Recorder", "Tracked")},
    "open comms": kinds.count(type(channel._comm).__name__),
}), len(there))
del there, kinds, deadline
"""


def figures(printed):
    """The counts by name, and how many objects there are in all, from what `FIGURES` printed."""
    counts, objects = printed.rsplit(" ", 1)
    return json.loads(counts), int(objects)

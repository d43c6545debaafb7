"""A real Jupyter kernel, and everything that it sends, with the time at which it came."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import zmq
from clients import SUBSCRIBE
from jupyter_client.manager import KernelManager
from jupyter_client.session import Session

ROOT = Path(__file__).parents[2]


class Kernel:
    """A kernel in a process of its own.

    Attributes
    ----------
    messages : list of (float, dict)
        All that came on iopub, with the monotonic time.
    binary : list of dict
        Those with buffers, also on the control channel: a kernel gateway does not forward them.
    """

    def __init__(self):
        self._manager = KernelManager(kernel_name="python3")
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        environment = {**os.environ, "PYTHONPATH": path}
        environment.pop("PYTEST_CURRENT_TEST", None)  # with it, ipykernel does not watch file descriptors
        self._manager.start_kernel(env=environment)
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=60)
        self.messages, self.binary = [], []
        self._stopped = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        while not self.messages:  # subscribing takes a moment
            self._client.kernel_info()
            time.sleep(0.1)

    def _read(self):
        # the client's own reading would leave an event loop behind in this thread
        info = self._manager.get_connection_info()
        session = Session(key=info["key"], signature_scheme=info["signature_scheme"])
        with zmq.Context() as context, context.socket(zmq.SUB) as socket:
            socket.subscribe(b"")
            socket.connect(f"{info['transport']}://{info['ip']}:{info['iopub_port']}")
            while not self._stopped.is_set():
                if socket.poll(200):
                    _, parts = session.feed_identities(socket.recv_multipart())
                    self._note(message := session.deserialize(parts))
                    self.messages.append((time.monotonic(), message))

    def _note(self, message):
        if message["buffers"]:
            self.binary.append(message)

    def start(self, code, metadata=None, stdin=False):
        """Send a cell and return its message id at once; with `stdin` as a console does."""
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": stdin,
            "stop_on_error": True,
        }
        message = self._client.session.msg("execute_request", content, metadata=metadata or {})
        self._client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def ended(self, cell):
        """Whether a cell has ended, be it with an error."""
        return any(
            m["msg_type"] == "status" and m["content"]["execution_state"] == "idle" for _, m in self.of(cell)
        )

    def run(self, code, metadata=None, timeout=60, check=True, stdin=False):
        """Run a cell to its end and return its message id."""
        cell = self.start(code, metadata, stdin)
        deadline = time.monotonic() + timeout
        while not self.ended(cell):
            assert time.monotonic() < deadline, f"the cell did not end: {code}"
            time.sleep(0.01)
        if check:
            errors = [m["content"] for _, m in self.of(cell) if m["msg_type"] == "error"]
            assert not errors, "\n".join(errors[0]["traceback"])
        return cell

    def of(self, cell):
        """The messages of one cell."""
        return [(at, m) for at, m in list(self.messages) if m["parent_header"].get("msg_id") == cell]

    def text(self, cell, name="stdout"):
        """What a cell printed."""
        return "".join(
            m["content"]["text"]
            for _, m in self.of(cell)
            if m["msg_type"] == "stream" and m["content"]["name"] == name
        )

    def displays(self):
        """All display messages: (time, kind, display_id, data)."""
        return [
            (at, m["msg_type"], m["content"].get("transient", {}).get("display_id"), m["content"]["data"])
            for at, m in list(self.messages)
            if m["msg_type"] in ("display_data", "update_display_data", "execute_result")
        ]

    def listed_comms(self, target):
        """The ids of the comms of a target, as a page asks for them."""
        return list(self.ask({"target_name": target}, kind="comm_info_request")["comms"])

    def ask(self, content, timeout=30, kind="ipar_request"):
        """Send the labextension's request on the control channel; the content of its answer."""
        message = self._client.session.msg(kind, content)
        self._client.control_channel.send(message)
        deadline = time.monotonic() + timeout
        while True:
            reply = self._client.get_control_msg(timeout=max(0.0, deadline - time.monotonic()))
            self._note(reply)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                return reply["content"]

    def close_comm(self, comm_id, timeout=30):
        """Close a comm, as a page does that does not know its target; waits until the kernel knows."""
        message = self._client.session.msg("comm_close", {"comm_id": comm_id, "data": {}})
        self._client.shell_channel.send(message)
        deadline = time.monotonic() + timeout
        while not self.ended(message["header"]["msg_id"]):
            assert time.monotonic() < deadline, "the kernel did not take in that a comm was closed"
            time.sleep(0.01)

    def interrupt(self):
        """As the stop button does."""
        self._manager.interrupt_kernel()

    def close(self):
        """End the process."""
        self._stopped.set()
        self._reader.join(5)
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        assert not self.binary, f"{len(self.binary)} messages had buffers: {self.binary[0]['content']}"


def connect(cluster):
    """The code of a cell that connects to a cluster."""
    path = Path(cluster.profile_dir) / "security" / f"ipcontroller-{cluster.cluster_id}-client.json"
    return (
        "import time, threading\n"
        "import ipyparallel as ipp\n"
        f"rc = ipp.Client({str(path)!r})\n"
        f"rc.wait_for_engines({cluster.n}, timeout=60, interactive=False)\n"
        f"{SUBSCRIBE}"
        "lv, dv = rc.load_balanced_view(), rc[:]\n"
        "from gate import hold\n"
        "def nap(seconds):\n    import time\n    time.sleep(seconds)\n    return seconds\n"
    )


def printed(text):
    """What a script printed, line by line, without its bar."""
    return [line for line in text.splitlines() if line and "|" not in line]

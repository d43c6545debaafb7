"""Progress of a long command: a line for each step, and a heartbeat while a step takes long."""

import threading
import time

HEARTBEAT = 10  # seconds without a line


class Progress:
    """Prints the steps of a command, with the time since it began; a context manager."""

    def __init__(self):
        self._began = time.monotonic()
        self._step = ""
        self._next_step, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._print_heartbeats, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._next_step.set()
        self._thread.join()

    def begin(self, step, note=""):
        """Print that `step` begins, if it is not the current one."""
        if step != self._step:
            self._step = step
            self._next_step.set()
            self._print(f"{step} {note}".rstrip())

    def _print_heartbeats(self):
        while not self._ended.is_set():
            if self._next_step.wait(HEARTBEAT):
                self._next_step.clear()
            else:
                self._print(f"... {self._step}")

    def _print(self, text):
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        print(f"  {minutes}:{seconds:02d}  {text}", flush=True)

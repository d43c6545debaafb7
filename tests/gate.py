"""Tasks that run until their test lets them end, so that no test depends on how fast a machine is."""

import os


def hold(path, position=0):
    """Wait until the gate is open for `position`, and return that."""
    import time
    from contextlib import suppress

    end = time.monotonic() + 300  # should the test be killed
    while time.monotonic() < end:
        with suppress(FileNotFoundError), open(path) as file:
            if position < int(file.read()):
                return position
        time.sleep(0.01)
    raise TimeoutError(path)


class Gate:
    """Gate before which tasks wait: ``view.map_async(hold, *gate.inputs(4))``.

    Parameters
    ----------
    path : Path
        File that engines and kernels read.
    """

    def __init__(self, path):
        self.path = str(path)

    def open(self, count=10**9):
        """Let the first `count` positions through; in the end all."""
        with open(f"{self.path}.new", "w") as file:
            file.write(str(count))
        os.replace(f"{self.path}.new", self.path)

    def inputs(self, count):
        """Return the inputs of `count` tasks."""
        return [self.path] * count, range(count)

    def map(self, count):
        """Return the code of a map of `count` tasks, for a cell that has imported `hold`."""
        return f"lv.map_async(hold, [{self.path!r}] * {count}, range({count}))"

    def wait(self):
        """Return the code that waits until the whole gate is open."""
        return f"hold({self.path!r}, {10**8})"

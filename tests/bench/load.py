"""Time of `%load_ext ipar_results` in a new kernel: `python tests/bench/load.py [N]`, median of N kernels.

ipyparallel and ipywidgets are imported before. Bytecode is there, as pip leaves it; then the same is measured
without bytecode, as under PYTHONDONTWRITEBYTECODE, where Python compiles each module anew. Only the kernel
imports this package, so that the bench runs with any revision.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile

from jupyter_client.manager import start_new_kernel

LOAD = """
import json, sys, time
import ipyparallel, ipywidgets
if not {bytecode}:
    sys.pycache_prefix, sys.dont_write_bytecode = "/dev/null", True
shell, before = get_ipython(), set(sys.modules)
begin, cpu = time.perf_counter(), time.thread_time()
shell.run_line_magic("load_ext", "ipar_results")
took = time.perf_counter() - begin, time.thread_time() - cpu
modules = sum(name.startswith("ipar_results") for name in set(sys.modules) - before)
print(json.dumps([1e3 * took[0], 1e3 * took[1], modules]))
"""


def load(environment: dict[str, str], bytecode: bool) -> list[float]:
    """Milliseconds by the clock, milliseconds of CPU of the main thread, and the modules, in a new kernel."""
    texts: list[str] = []
    manager, client = start_new_kernel(env=environment)
    try:
        reply = client.execute_interactive(
            LOAD.format(bytecode=bytecode),
            output_hook=lambda message: texts.append(message["content"].get("text", "")),
            timeout=120,
        )["content"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    if reply["status"] != "ok":
        sys.exit("\n".join(reply["traceback"]))
    return list(json.loads("".join(texts)))


def main(rounds: int) -> None:
    """Print the medians with bytecode and without."""
    with tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "IPYTHONDIR": scratch, "PYTHONPYCACHEPREFIX": scratch}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        load(environment, True)  # writes the bytecode
        for bytecode in (True, False):
            took = zip(*(load(environment, bytecode) for _ in range(rounds)), strict=True)
            clock, cpu, modules = map(statistics.median, took)
            how = "with" if bytecode else "without"
            print(f"%load_ext {how} bytecode: {clock:.2f} ms, CPU {cpu:.2f} ms, {modules:.0f} modules")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 7)

"""A controller and engines in network namespaces of their own, with 100 ms and 1 % loss between them."""

import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from play import (
    FACTS,
    LOAD,
    SUBMIT,
    WORK,
    Environment,
    NotPossibleError,
    cluster,
    expect,
    facts,
    process,
    run,
    until,
)

DELAY, LOSS = 0.1, 0.01
HERE, THERE = "10.77.0.1", "10.77.0.2"

WATCH = """\
import ipar_results, sys
ipar_results.enable()
stamps = []
def look():
    s = ar.monitor.snapshot()
    stamps.append((s.done, s.running, s.queued))
    assert s.done + s.running + s.queued == s.total, stamps[-1]
while not ar.ready():
    look()
    ar.wait(0.2)
look()
assert [done for done, *_ in stamps] == sorted(done for done, *_ in stamps), stamps
assert len({done for done, *_ in stamps}) > 3, stamps
print("MOVED", len({done for done, *_ in stamps}))
began = time.perf_counter()
slow = rc.load_balanced_view().map_async(lambda n: time.sleep(n), [60] * 8)
until = time.monotonic() + 60
while slow.monitor.snapshot().running < 2:
    assert time.monotonic() < until, "the second work did not begin"
    time.sleep(0.1)
cancelled = slow.monitor.cancel(interrupt=True)
slow.wait(60)
s = slow.monitor.snapshot()
assert s.finished and s.failed + s.aborted == 8, s
print("CANCELLED", s.aborted, s.failed)
"""


def scene(environment: Environment, folder: Path) -> str:
    """No count is wrong on a bad line, the card moves, and a cancellation gets through."""
    with line(folder) as (here, there, told, how):
        program = "\n".join(
            (
                LOAD.partition("\n")[2],
                "import ipar_results; ipar_results.enable()",
                "rc = ipp.Client(timeout=60)\nrc.wait_for_engines(2, timeout=120, interactive=False)",
                "rc[:].execute('import time', block=True)",
                WORK,
                SUBMIT,
                WATCH,
                FACTS,
                "rc.close()",
            )
        )
        (folder / "scene.py").write_text(program)
        inside = ("ip", "netns", "exec", there)
        before = (("ip", "netns", "exec", here), inside, inside)
        arguments = (f"--ip={HERE}", f"--location={HERE}", "--HeartMonitor.period=5000")
        with cluster(environment, folder, before, arguments):
            output = run([*before[0], environment.python, "scene.py"], folder, timeout=300)
        expect(facts(output))
        carried, lost = told()
        assert carried > 500 and lost > 0, (carried, lost)
        moved = re.search(r"MOVED (\d+)", output)
        stopped = re.search(r"CANCELLED (\d+) (\d+)", output)
        assert moved and stopped, output
        return (
            f"{lost} of {carried + lost} packets lost, round trip {how}; 39 ok and 1 failed, "
            f"seen at {moved[1]} counts; then {stopped[1]} cancelled and {stopped[2]} interrupted"
        )


@contextmanager
def line(folder: Path) -> Iterator[tuple]:
    """Make two namespaces and the line between them; gives their names, its counts, its round trip."""
    if shutil.which("ip") is None:
        raise NotPossibleError("there is no ip (apt install iproute2)")
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        raise NotPossibleError("/dev/net/tun cannot be opened, and network namespaces need root")
    mark = f"ipar{secrets.token_hex(3)}"
    names = f"{mark}-a", f"{mark}-b"
    log = folder / "relay.log"
    try:
        for name in names:
            call("ip", "netns", "add", name)
        relay = [sys.executable, Path(__file__).with_name("relay.py"), *names, mark, DELAY, LOSS]
        with process(relay, folder, log.name) as running:

            def told() -> tuple[int, ...]:
                assert running.poll() is None, log.read_text()
                lines = log.read_text().splitlines()
                return tuple(map(int, lines[-1].split())) if lines else ()

            until(told, "the line", 20)
            for name, address in zip(names, (HERE, THERE), strict=True):
                inside = ("ip", "netns", "exec", name, "ip")
                call(*inside, "address", "add", f"{address}/24", "dev", "line")
                for interface in ("lo", "line"):
                    call(*inside, "link", "set", interface, "up")
            yield *names, told, round_trip(names[0], folder)
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)


def round_trip(namespace: str, folder: Path) -> str:
    """How long a closed port of the other end takes to refuse a connection, as evidence of the delay."""
    code = (
        "import socket, time, sys\n"
        "best = 9\n"
        "for _ in range(5):\n"
        "    began = time.perf_counter(); s = socket.socket(); s.settimeout(5)\n"
        "    s.connect_ex((sys.argv[1], 9))\n"
        "    best = min(best, time.perf_counter() - began)\n"
        "print(round(1000 * best))"
    )
    milliseconds = int(run(["ip", "netns", "exec", namespace, sys.executable, "-c", code, THERE], folder))
    assert 2000 * DELAY <= milliseconds < 4000, f"the line answers in {milliseconds} ms"
    return f"{milliseconds} ms"


def call(*command: str) -> None:
    """Run a command of iproute2; where it is not allowed the scene is not possible."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        reason = done.stderr.strip() or f"exit code {done.returncode}"
        if os.getuid():
            raise NotPossibleError(f"network namespaces need root: {reason}")
        raise NotPossibleError(f"{' '.join(command[:4])}: {reason}")

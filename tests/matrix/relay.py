"""A bad line between two network namespaces: what is sent at one end comes out at the other late, or never.

``python relay.py NAMESPACE NAMESPACE INTERFACE SECONDS LOSS`` makes a TUN interface in each and carries IP
packets between them, for kernels without ``tc netem``. TUN does no offloading: packets are whole and summed.
"""

from __future__ import annotations

import fcntl
import heapq
import itertools
import os
import random
import select
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
TUN_WITHOUT_HEADER = 0x0001 | 0x1000
LARGEST = 65_600


def opened(namespace: str, interface: str) -> int:
    """Make a TUN interface, put it into a named network namespace, and return the file of its other side."""
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", interface.encode(), TUN_WITHOUT_HEADER))
    subprocess.run(["ip", "link", "set", interface, "netns", namespace, "name", "line"], check=True)
    return tun


def main() -> None:
    """Carry packets until this process is ended; print every second how many were carried and lost."""
    namespaces, interface = sys.argv[1:3], sys.argv[3]
    delay, loss = float(sys.argv[4]), float(sys.argv[5])
    ends = [opened(namespace, f"{interface}{number}") for number, namespace in enumerate(namespaces)]
    waiting: list[tuple[float, int, int, bytes]] = []
    order, chance = itertools.count(), random.Random(1)
    carried = lost = 0
    said = 0.0
    while True:
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            _, _, target, packet = heapq.heappop(waiting)
            try:
                os.write(target, packet)
                carried += 1
            except OSError:
                lost += 1  # an end that is down, or full
        if now - said > 1:
            said = now
            os.write(1, f"{carried} {lost}\n".encode())
        pause = max(0.0, waiting[0][0] - now) if waiting else 0.5
        for end in select.select(ends, (), (), min(pause, 0.5))[0]:
            while True:
                try:
                    packet = os.read(end, LARGEST)
                except OSError:  # nothing more, or not up yet
                    break
                if chance.random() < loss:
                    lost += 1
                else:
                    target = ends[1 - ends.index(end)]
                    heapq.heappush(waiting, (time.monotonic() + delay, next(order), target, packet))


if __name__ == "__main__":
    main()

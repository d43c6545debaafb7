import os
import sys
import time

sys.path.insert(0, "/tmp/wt/speed/tests/browser")
import pytest

pytestmark = pytest.mark.browser


def cpu():
    return 0


@pytest.mark.parametrize("mode", ["fresh", "shared"])
def test_x(browser, jupyter_server, mode):
    ts = []
    ctx = None
    for i in range(5):
        if mode == "fresh" or ctx is None:
            ctx = browser.new_context()
        page = ctx.new_page()
        jupyter_server.end_kernels()
        a0 = int(open("/sys/fs/cgroup/cpuacct/speed/ctx/cpuacct.usage").read())
        t = time.monotonic()
        jupyter_server.open(page, f"a{i}.ipynb", ["1+1"])
        t1 = time.monotonic()
        a1 = int(open("/sys/fs/cgroup/cpuacct/speed/ctx/cpuacct.usage").read())
        page.close()
        if mode == "fresh":
            ctx.close()
        ts.append((round(t1 - t, 2), round((a1 - a0) / 1e9, 2)))
    print(jupyter_server.front_end, mode, ts)

#!/usr/bin/env bash
# A timeout while asyncio waits for a result of IPython Parallel
#
# Guess:   asyncio.wait_for(asyncio.wrap_future(ar), t) gives up waiting; the result can be fetched later, as after
#          ar.wait(t).
# Happens: the tasks run on and end well, but the result is cancelled: get() raises a CancelledError for good.
#          AsyncResult inherits Future.cancel(), which wrap_future calls, and no task is told of it.
# Why it matters to us: a card counts the tasks as ok while get() fails, so the layer refuses such a cancellation.
source "$(dirname "$0")/common.sh"
install ipyparallel==9.2.0
check 'timed out
tasks that ended well: 2 of 2
get() raises CancelledError' <<'PYTHON'
import asyncio
import logging
import time

import ipyparallel as ipp

cluster = ipp.Cluster(n=2, log_level=logging.ERROR)
rc = cluster.start_and_connect_sync()
try:
    ar = rc.load_balanced_view().map_async(time.sleep, [2, 2])

    async def wait():
        try:
            await asyncio.wait_for(asyncio.wrap_future(ar), 0.5)
        except asyncio.TimeoutError:
            print("timed out")

    asyncio.run(wait())
    for child in ar._children:
        child.result(60)
    ended = sum(each["status"] == "ok" for each in ar.metadata)
    print(f"tasks that ended well: {ended} of {len(ar.metadata)}")
    try:
        print(ar.get(10))
    except BaseException as error:
        print("get() raises", type(error).__name__)
finally:
    rc.close()
    cluster.stop_cluster_sync()
PYTHON

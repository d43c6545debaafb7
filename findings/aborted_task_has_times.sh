#!/usr/bin/env bash
# Times of a task that was aborted before it ran
#
# Guess:   `started` and `completed` of an aborted task are None, as those of a task that never ran.
# Happens: both are set, some microseconds apart, and the engine is named.
# Why it matters to us: who sums durations, divides by them or draws lanes counts work that never was.
source "$(dirname "$0")/common.sh"
install ipyparallel==9.2.0
check 'status aborted, engine named True
started and completed set: True
less than 0.1 s apart: True' <<'PYTHON'
import logging
import time

import ipyparallel as ipp

cluster = ipp.Cluster(n=1, log_level=logging.ERROR)
rc = cluster.start_and_connect_sync()
try:
    view = rc[0]
    first = view.apply_async(time.sleep, 3)
    queued = view.apply_async(time.sleep, 60)
    time.sleep(1)
    view.abort(queued, block=True)
    try:
        queued.get(30)
    except ipp.error.TaskAborted:
        pass
    (data,) = [queued.metadata] if isinstance(queued.metadata, dict) else queued.metadata
    print(f"status {data['status']}, engine named {data['engine_id'] is not None}")
    print("started and completed set:", data["started"] is not None and data["completed"] is not None)
    print("less than 0.1 s apart:", (data["completed"] - data["started"]).total_seconds() < 0.1)
finally:
    rc.close()
    cluster.stop_cluster_sync()
PYTHON

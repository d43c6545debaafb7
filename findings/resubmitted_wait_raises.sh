#!/usr/bin/env bash
# Waiting for a task that was sent again and fails again
#
# Guess:   wait() says whether the result is ready, whatever became of the task, as after the first time.
# Happens: the result of resubmit() is of another class, whose wait() raises the task's error.
# Why it matters to us: retry() merges the new attempt into the first result, which waits as before.
source "$(dirname "$0")/common.sh"
install ipyparallel==9.2.0
check "AsyncResult: wait() is True
AsyncHubResult: wait() raises RemoteError" <<'PYTHON'
import logging
import time

import ipyparallel as ipp

cluster = ipp.Cluster(n=1, log_level=logging.ERROR, engine_timeout=180)
rc = cluster.start_and_connect_sync()
try:
    ar = rc.load_balanced_view().apply_async(lambda: 1 / 0)
    print(f"{type(ar).__name__}: wait() is {ar.wait(60)}")
    time.sleep(1)  # the Hub stores it
    again = rc.resubmit(ar.msg_ids, block=False)
    try:
        print(f"{type(again).__name__}: wait() is {again.wait(60)}")
    except Exception as error:
        print(f"{type(again).__name__}: wait() raises {type(error).__name__}")
finally:
    rc.close()
    cluster.stop_cluster_sync()
PYTHON

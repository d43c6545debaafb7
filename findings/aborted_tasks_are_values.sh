#!/usr/bin/env bash
# Abort of one call on several engines
#
# Guess:   get() raises TaskAborted or a CompositeError, and successful() is False, as for a call on one engine.
# Happens: get() returns a list of TaskAborted objects, and successful() is True.
# Why it matters to us: a card that asked the result would say that what never ran went well.
source "$(dirname "$0")/common.sh"
install ipyparallel==9.2.0
check "on one engine: TaskAborted
on two: ['TaskAborted', 'TaskAborted']
successful: True" <<'PYTHON'
import logging
import time

import ipyparallel as ipp

cluster = ipp.Cluster(n=2, log_level=logging.ERROR, engine_timeout=180)
rc = cluster.start_and_connect_sync()
try:
    for what, view in (("on one engine", rc[0]), ("on two", rc[:])):
        view.apply_async(time.sleep, 3)
        queued = view.apply_async(time.sleep, 60)
        time.sleep(1)
        view.abort(queued, block=True)
        try:
            print(f"{what}:", [type(value).__name__ for value in queued.get(30)])
        except ipp.error.TaskAborted as error:
            print(f"{what}:", type(error).__name__)
    print("successful:", queued.successful())
finally:
    rc.close()
    cluster.stop_cluster_sync()
PYTHON

#!/usr/bin/env bash
# Queue of an engine from which `retries` has moved a task
#
# Guess:   when everything has ended, queue_status() counts no task for any engine.
# Happens: the engine on which the task failed at first keeps it in its queue until the controller ends: the Hub
#          appends the task to the new engine's list and never takes it from the old one's.
# Why it matters to us: an overview that asks the Hub says "busy" of an engine that has nothing to do.
source "$(dirname "$0")/common.sh"
install ipyparallel==9.2.0
check 'result: 2
tasks that the Hub counts after the end: 1' <<'PYTHON'
import logging
import time

import ipyparallel as ipp

cluster = ipp.Cluster(n=2, log_level=logging.ERROR)
rc = cluster.start_and_connect_sync()
try:
    rc[:].execute("attempts = 0", block=True)

    def fails_on_its_first_engine(path):
        import os

        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return 2
        raise ValueError("first attempt")

    view = rc.load_balanced_view()
    view.retries = 1
    print("result:", view.apply_async(fails_on_its_first_engine, "first").get(60))
    time.sleep(3)
    status = rc.queue_status()
    print("tasks that the Hub counts after the end:", sum(status[i]["tasks"] for i in rc.ids))
finally:
    rc.close()
    cluster.stop_cluster_sync()
PYTHON

#!/usr/bin/env bash
# Fetching a result of which one engine died, in another client
#
# Guess:   get_result().get() raises the CompositeError that get() raises in the client that sent the tasks.
# Happens: each get() raises an AttributeError about None, so that the values of the other engines are out of reach.
# Why it matters to us: a card of a fetched result names the failure, and get(return_exceptions=True) has the values.
source "$(dirname "$0")/common.sh"
install ipyparallel==9.2.0
check "in the client that sent them: CompositeError
in another: AttributeError
in another: AttributeError" <<'PYTHON'
import logging
import os
import signal
import time

import ipyparallel as ipp

cluster = ipp.Cluster(n=2, log_level=logging.ERROR, engine_timeout=180)
rc = cluster.start_and_connect_sync()
try:
    pids = rc[:].apply_sync(os.getpid)
    ar = rc[:].apply_async(time.sleep, 3)
    time.sleep(1)
    os.kill(pids[1], signal.SIGKILL)
    try:
        ar.get(120)
    except ipp.error.CompositeError as error:
        print("in the client that sent them:", type(error).__name__)
    time.sleep(5)  # the Hub stores it
    other = cluster.connect_client_sync()
    fetched = other.get_result(ar.msg_ids, block=False)
    for _ in range(2):
        try:
            print("in another:", fetched.get(60))
        except Exception as error:
            print("in another:", type(error).__name__)
    other.close()
finally:
    rc.close()
    cluster.stop_cluster_sync()
PYTHON

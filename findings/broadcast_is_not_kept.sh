#!/usr/bin/env bash
# Fetching a broadcast in another client
#
# Guess:   get_result() of its ids fetches the values from the Hub, as for any other task.
# Happens: the Hub does not know the ids that the result has: KeyError. Nor are they in its history.
# Why it matters to us: nothing can be said of a broadcast once its own client is gone.
source "$(dirname "$0")/common.sh"
install ipyparallel==9.2.0
check "values in its own client: 2
in the Hub's history: 0 of 2
in another client: KeyError" <<'PYTHON'
import logging
import os
import time

import ipyparallel as ipp

cluster = ipp.Cluster(n=2, log_level=logging.ERROR, engine_timeout=180)
rc = cluster.start_and_connect_sync()
try:
    ar = rc.broadcast_view().apply_async(os.getpid)
    print("values in its own client:", len(ar.get(60)))
    time.sleep(1)  # the Hub stores what ends
    known = rc.hub_history()
    print(f"in the Hub's history: {sum(each in known for each in ar.msg_ids)} of {len(ar.msg_ids)}")
    other = cluster.connect_client_sync()
    try:
        print("in another client:", other.get_result(ar.msg_ids[0], block=False).get(60))
    except ipp.error.RemoteError as error:
        print("in another client:", error.ename)
    other.close()
finally:
    rc.close()
    cluster.stop_cluster_sync()
PYTHON

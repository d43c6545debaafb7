#!/usr/bin/env bash
# Results of several tasks, one of which the Hub does not know
#
# Guess:   a client that fetches two results by their ids gets the one that is there, and an error for the other.
# Happens: the whole request fails with a bare KeyError of the unknown id; the known value is out of reach until the
#          ids are asked for one by one.
# Why it matters to us: a controller forgets tasks by itself (about a thousand are kept), so it happens to old results.
source "$(dirname "$0")/common.sh"
install ipyparallel==9.2.0
check 'alone: 42
together: KeyError' <<'PYTHON'
import logging

import ipyparallel as ipp

cluster = ipp.Cluster(n=1, log_level=logging.ERROR)
rc = cluster.start_and_connect_sync()
try:
    ar = rc.load_balanced_view().apply_async(lambda: 42)
    ar.get(60)
    with cluster.connect_client_sync() as other:
        print("alone:", other.get_result(ar.msg_ids).get(60)[0])
    with cluster.connect_client_sync() as other:
        both = other.get_result([*ar.msg_ids, "no-such-id"])
        try:
            print("together:", both.get(60))
        except Exception as error:
            print("together:", error.ename)
finally:
    rc.close()
    cluster.stop_cluster_sync()
PYTHON

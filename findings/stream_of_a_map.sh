#!/usr/bin/env bash
# Streamed output of a load-balanced map
#
# Guess:   `with ar.stream_output():` prints what the tasks write, as the docstring of AsyncResult says.
# Happens: TypeError: a load-balanced result has no targets, and they are iterated.
# Why it matters to us: the layer gives such a result targets while its output is streamed.
source "$(dirname "$0")/common.sh"
install ipyparallel==9.2.0
check "TypeError: 'NoneType' object is not iterable" <<'PYTHON'
import logging

import ipyparallel as ipp

cluster = ipp.Cluster(n=1, log_level=logging.ERROR, engine_timeout=180)
rc = cluster.start_and_connect_sync()
try:
    ar = rc.load_balanced_view().map_async(print, range(3))
    try:
        with ar.stream_output():
            ar.get(60)
        print("streamed")
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
finally:
    rc.close()
    cluster.stop_cluster_sync()
PYTHON

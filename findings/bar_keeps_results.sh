#!/usr/bin/env bash
# Memory of a result that was waited for with a bar
#
# Guess:   once its last variable is deleted, a result and its values are freed, as after wait().
# Happens: after wait_interactive() it is kept: `lru_cache` of a method holds the newest 128.
# Why it matters to us: large values pile up in a notebook; the layer's bar keeps none.
source "$(dirname "$0")/common.sh"
install ipyparallel==9.2.0
check "freed after wait: True
freed after wait_interactive: False" <<'PYTHON'
import contextlib
import gc
import logging
import sys
import weakref

import ipyparallel as ipp

cluster = ipp.Cluster(n=1, log_level=logging.ERROR, engine_timeout=180)
rc = cluster.start_and_connect_sync()
try:
    for way in ("wait", "wait_interactive"):
        ar = rc[:].apply_async(bytes, 10)
        with contextlib.redirect_stdout(sys.stderr):  # the bar
            getattr(ar, way)()
        ar.get()
        reference = weakref.ref(ar)
        del ar
        rc.purge_local_results("all")
        gc.collect()
        print(f"freed after {way}:", reference() is None)
finally:
    rc.close()
    cluster.stop_cluster_sync()
PYTHON

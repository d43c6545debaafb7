"""Calls of joblib on engines."""

import gc
import threading

import pytest
from gate import hold
from tasks import fail_first, nap

import ipar_results

joblib = pytest.importorskip("joblib", reason="an environment from before joblib was among the extras")
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.usefixtures("layer"),
    pytest.mark.filterwarnings(
        "ignore:.apply_async. is deprecated:DeprecationWarning"
    ),  # joblib of ipyparallel
]


@pytest.fixture
def parallel(rc):
    """``joblib.Parallel`` on the engines."""
    rc.load_balanced_view().register_joblib_backend()
    with joblib.parallel_config("ipyparallel"):
        yield joblib.Parallel


def entries():
    from ipar_results.live.session import current

    current().tracker.catch_up()
    return current().tracker.all()


def rows():
    """Name, total, ok and messages of each row of the panel."""
    summaries = [entry.summary() for entry in entries()]
    return [(each.name, each.total, each.ok, each.messages) for each in summaries]


def only_summary():
    (entry,) = entries()
    return entry.summary()


def test_a_group_takes_in_all_of_a_call(parallel):
    with ipar_results.group("mine") as mine:
        parallel(batch_size=1)(joblib.delayed(nap)(0.01) for _ in range(40))
    snapshot = mine.snapshot()
    assert (snapshot.total, snapshot.ok, snapshot.messages) == (40, 40, 40)
    assert rows() == [("mine", 40, 40, 40)]


def test_each_call_is_one_row_with_the_counts_of_its_batches(parallel, until):
    parallel(batch_size=3)(joblib.delayed(nap)(0.01) for _ in range(20))
    parallel(batch_size=1)(joblib.delayed(nap)(0.01) for _ in range(10))
    assert [(name, total, ok) for name, total, ok, _ in rows()] == [("joblib", 20, 20), ("joblib", 10, 10)]
    assert rows()[0][3] < 20
    until(lambda: gc.collect() >= 0 and all(entry.gone for entry in entries()))  # no value is kept


def test_calls_of_two_threads_are_two_rows(rc, parallel):
    def call(n):
        with joblib.parallel_config(backend):
            parallel(batch_size=1)(joblib.delayed(nap)(0.01) for _ in range(n))

    backend, _ = joblib.parallel.get_active_backend()
    threads = [threading.Thread(target=call, args=(n,)) for n in (20, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(rows()) == [("joblib", 20, 20, 20), ("joblib", 30, 30, 30)]


def test_a_call_is_cancelled_as_a_whole(parallel, gate, until):
    raised = []

    def call():
        with joblib.parallel_config("ipyparallel"):
            try:
                parallel(batch_size=1, pre_dispatch="all")(
                    joblib.delayed(hold)(*each) for each in zip(*gate.inputs(9), strict=True)
                )
            except Exception as error:
                raised.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    until(lambda: entries() and only_summary().total == 9 and only_summary().running == 2)
    assert entries()[0].followed.cancel().cancelled == 7
    gate.open()
    thread.join(60)
    until(lambda: only_summary().finished)
    assert (only_summary().ok, only_summary().aborted) == (2, 7)
    assert len(raised) == 1


def test_what_failed_in_a_call_runs_again(parallel, tmp_path, until):
    with pytest.raises(Exception, match="for the first time"):
        parallel(batch_size=1, pre_dispatch="all")(
            joblib.delayed(fail_first)(str(tmp_path / "x"), i) for i in range(4)
        )
    until(lambda: only_summary().finished)
    assert entries()[0].followed.retry().retried == 4
    until(lambda: only_summary().ok == 4)

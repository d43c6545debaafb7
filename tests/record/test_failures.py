"""Failures are grouped by type and last frame of the user's code."""

import math
import sys
import time

import pytest
from fakes import START, Fed, follow
from ipyparallel.error import RemoteError

from ipar_results.record.failures import (
    MAX_INDICES,
    TRACEBACK_HEAD,
    TRACEBACK_TAIL,
    Failure,
    Failures,
    clip_traceback,
)
from ipar_results.record.recorders.recorder import Recorder
from ipar_results.record.traceback_frames import find_place
from ipar_results.upstream.connection import Connection

INFO = {"engine_id": 0, "engine_uuid": "u", "method": "apply"}
IPYTHON = "Traceback (most recent call last)\nFile <string>:13, in solve(x, y)\n\n{kind}: {message}"


def remote(kind="ValueError", message="no", traceback=None):
    return Failure.from_error(
        RemoteError(kind, message, traceback or IPYTHON.format(kind=kind, message=message), INFO)
    )


def test_numbers_in_messages_do_not_split_a_group():
    failures = Failures()
    for i in range(50):
        failures.add(remote(message=f"grid of {i} cells"), i, 1, i % 4)
    (group,) = failures.groups()
    assert (group.count, group.message, group.where) == (50, "grid of 0 cells", "solve, line 13")
    assert group.engines == (0, 1, 2, 3)
    assert group.indices == tuple(range(50))


def test_another_type_or_frame_is_another_group():
    failures = Failures()
    failures.add(remote(), 0, 1, 0)
    failures.add(remote("KeyError"), 1, 1, 0)
    failures.add(remote(traceback="File <string>:99, in solve(x)\n\nValueError: no"), 2, 1, 0)
    assert {(group.type, group.where) for group in failures.groups()} == {
        ("ValueError", "solve, line 13"),
        ("KeyError", "solve, line 13"),
        ("ValueError", "solve, line 99"),
    }


def test_a_failed_chunk_fails_all_its_inputs_and_the_largest_group_comes_first():
    failures = Failures()
    failures.add(remote("KeyError"), 0, 1, 0)
    failures.add(remote(), 10, 5, 1)
    assert [(group.type, group.count, group.indices) for group in failures.groups()] == [
        ("ValueError", 5, (10, 11, 12, 13, 14)),
        ("KeyError", 1, (0,)),
    ]


def test_up_to_a_thousand_inputs_of_failed_chunks_are_listed():
    failures = Failures()
    for first in range(5_000, 0, -50):
        failures.add(remote(), first, 20, 0)
    (group,) = failures.groups()
    assert group.count == 2_000
    assert len(group.indices) == MAX_INDICES
    assert group.indices[:21] == (*range(50, 70), 100)
    assert list(group.indices) == sorted(set(group.indices))


def test_a_group_has_the_times_of_its_first_and_last_failure():
    failures = Failures()
    for when in (5.0, 3.0, math.nan, 9.0, 4.0):
        failures.add(remote(), 0, 1, 0, when)
    (group,) = failures.groups()
    assert (group.first_time, group.last_time) == (3.0, 9.0)
    failures.clear()
    assert failures.groups() == ()


def test_a_group_without_times_has_none():
    failures = Failures()
    failures.add(remote(), 0, 1, 0)
    (group,) = failures.groups()
    assert (group.first_time, group.last_time) == (None, None)


def test_failures_that_are_not_retried_keep_their_time_and_engine():
    fed = Fed(4)
    recorder = Recorder.follow(fed.result, Connection(fed.client, lambda: 30.0))
    for index in range(4):
        fed.fail(index)
    recorder.drain()
    (before,) = recorder.record.failures.groups()
    recorder.reopen([0, 2], lambda: None)
    (group,) = recorder.record.failures.groups()
    assert (group.count, group.indices, group.engines) == (2, (1, 3), (1,))
    assert (before.first_time, before.last_time) == (START.timestamp() + 1, START.timestamp() + 4)
    assert (group.first_time, group.last_time) == (START.timestamp() + 2, START.timestamp() + 4)


def test_the_input_is_the_first_known_one_and_few_are_described():
    failures, asked = Failures(), []

    def tell(index):
        asked.append(index)
        return f"x{index}" if index == 1 else None

    for index in range(50):
        failures.add(remote(), index, 1, 0, 0.0, lambda index=index: tell(index))
        failures.add(remote("KeyError"), index, 1, 0, 0.0, lambda: asked.append("other"))
    groups = {group.type: group for group in failures.groups()}
    assert groups["ValueError"].input == (1, "x1")
    assert groups["KeyError"].input is None
    assert asked == [0, "other", 1, "other", "other"]


def test_a_failure_that_is_not_remote_has_no_frame():
    failures = Failures()
    failures.add(Failure.from_error(RuntimeError("lost")), 0, 1, None)
    (group,) = failures.groups()
    assert (group.type, group.message, group.where, group.engines) == ("RuntimeError", "lost", "", ())


def test_ids_and_names_of_engines_are_sorted_side_by_side():
    failures = Failures()
    for engine in ("uuid-b", 10, 2, "uuid-a"):
        failures.add(remote(), 0, 1, engine)
    assert failures.groups()[0].engines == (2, 10, "uuid-a", "uuid-b")


def test_failures_beyond_two_hundred_groups_share_one_and_are_counted():
    failures = Failures()
    for i in range(1000):
        failures.add(remote(f"Error{i}"), i, 1, 0)
    groups = failures.groups()
    assert len(groups) == 201
    assert sum(group.count for group in groups) == 1000
    assert groups[0].type == "Other failures"
    assert groups[0].count == 800


def test_megabyte_tracebacks_are_grouped_quickly_and_shortened():
    failures = Failures()
    tracebacks = [IPYTHON.format(kind="ValueError", message="&<" * 500_000 + str(i)) for i in range(20)]
    begin = time.thread_time()
    for i, traceback in enumerate(tracebacks):
        failures.add(remote(traceback=traceback), i, 1, 0)
    assert time.thread_time() - begin < 2
    (group,) = failures.groups()
    assert group.count == 20
    assert len(group.traceback) < TRACEBACK_HEAD + TRACEBACK_TAIL + 100


def test_a_traceback_of_many_frames_is_read_quickly():
    traceback = "File <string>:1, in f(x)\n" * 40_000 + 'File "' * 20_000
    begin = time.thread_time()
    find_place(traceback)
    assert time.thread_time() - begin < 2


def test_a_cut_traceback_names_what_is_left_out_and_keeps_both_ends():
    text = "a" * TRACEBACK_HEAD + "b" * 1234 + "c" * TRACEBACK_TAIL
    short = clip_traceback(text)
    assert short.startswith("a") and short.endswith("c")
    assert "1,234 characters left out" in short
    assert clip_traceback("short") == "short"


@pytest.mark.parametrize("lines", [["a", "b"], "a\nb", None])
def test_a_reply_stored_by_the_hub_reads_like_a_remote_error(lines):
    content = {"ename": "ValueError", "evalue": "no", "traceback": lines, "engine_info": INFO}
    failure = Failure.from_reply(content)
    assert (failure.type, failure.message, failure.remote) == ("ValueError", "no", True)
    assert failure.traceback == ("a\nb" if lines else "")


def test_a_group_shows_the_error_of_a_task_that_has_failed_and_was_not_sent_again():
    fed = Fed(3)
    recorder = Recorder.follow(fed.result, Connection(fed.client, lambda: 30.0))
    for index in range(3):
        fed.fail(index, f"no {index}")
    recorder.drain()
    recorder.reopen([0], lambda: None)
    (group,) = recorder.record.failures.groups()
    assert (group.message, group.indices) == ("no 1", (1, 2))


@pytest.mark.parametrize(
    ("path", "minor"),
    [
        ("~/env/lib/python3.{}/site-packages/ipyparallel/engine/kernel.py:157", 99),
        ("/usr/lib/python3.{}t/dist-packages/ipyparallel/serialize/canning.py:231", 99),
        (r"C:\Python3{}\Lib\site-packages\ipyparallel\serialize\canning.py:231", 99),
        ("~/env/lib/python3.{}/site-packages/ipyparallel/engine/kernel.py:157", sys.version_info.minor),
        ("~/env/lib/python3.{}/site-packages/numpy/linalg.py:157", 99),
    ],
)
def test_a_card_says_where_the_engines_run_another_python(path, minor):
    """As `TypeError: unsupported operand type(s) for +: 'function' and 'tuple'` does not."""
    fed = Fed(1)
    followed = follow(fed)
    fed.fail(0, traceback=f"Traceback\nFile {path.format(minor)}, in do_apply(self)\n\nTypeError: no")
    said = f"Tasks failed on Python 3.{minor}, and were sent from" in followed.snapshot().note
    assert said == (minor == 99 and "ipyparallel" in path)


@pytest.mark.parametrize("engine", ["b'87f9ac1e-441c8fd9d9c773e8d75c0f3a'", "'87f9ac1e'", "1"])
def test_an_engine_that_died_is_named_with_its_task(engine):
    fed = Fed(4)
    followed = follow(fed)
    fed.fail(3, f"Engine {engine} died while running task '2d85-3d15_25229_1'", "EngineError")
    (group,) = followed.snapshot().failures
    assert group.message == "Engine 1 died while running task 3"
    assert followed.source.writer.failure_at(
        3, followed.record.result()._metadata[3], fed.futures
    ).message.endswith("running task 3")


def test_a_group_says_that_the_messages_of_its_failures_differ():
    failures = Failures()
    failures.add(remote(message="omega 1.97"), 0, 1, 0)
    assert not failures.groups()[0].messages_differ
    failures.add(remote(message="omega 1.97"), 1, 1, 0)
    assert not failures.groups()[0].messages_differ
    failures.add(remote(message="omega 1.98"), 2, 1, 0)
    assert failures.groups()[0].messages_differ


def test_failures_of_one_line_of_the_user_are_one_group_wherever_the_library_raises():
    failures = Failures()
    user = "File ~/work/gpu.py:99, in crash(n)\n---> 99 torch.cuda.synchronize()\n\n"
    library = "File ~/venv/lib/python3.12/site-packages/torch/cuda/__init__.py:1162, in synchronize()\n\n"
    failures.add(remote("AcceleratorError", traceback=f"{user}AcceleratorError: no"), 0, 1, 0)
    failures.add(remote("AcceleratorError", traceback=f"{user}{library}AcceleratorError: no"), 1, 1, 0)
    assert [(group.count, group.where) for group in failures.groups()] == [(2, "crash, line 99")]

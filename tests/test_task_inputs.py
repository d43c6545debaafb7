"""The input of a failed task is described in a short text, without running code of the user."""

import datetime
import decimal
import os
import pickle
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ipyparallel.client import remotefunction
from ipyparallel.serialize import PrePickled, pack_apply_message

from ipar_results.task_inputs import MAX_LENGTH, describe_input
from ipar_results.upstream.sent_messages import (
    MAX_CACHE_BYTES,
    MAX_MESSAGE_BYTES,
    MAX_SUCCEEDED,
    ArgumentCache,
)


def call(*args, **kwargs):
    """Return the buffers of ``view.apply(f, *args, **kwargs)``."""
    return pack_apply_message(len, args, kwargs)


def mapped(*parts):
    """Return the buffers of one chunk of a map."""
    remotefunction._prepickled_map = remotefunction._prepickled_map or PrePickled(remotefunction._map)
    pieces = [PrePickled(len), *map(PrePickled, parts)]
    return pack_apply_message(remotefunction._prepickled_map, pieces, {})


def describe(buffers, inputs=1):
    cache = ArgumentCache()
    cache.add("m", buffers)
    request = cache.find("m")
    return None if request is None else describe_input(*request, inputs)


@dataclass
class Point:
    x: int
    name: str


class Loud:
    """A class whose methods record their calls."""

    called: ClassVar[list] = []

    def __init__(self):
        self.size = 3

    def __repr__(self):
        Loud.called.append("repr")
        return "loud"

    def __setstate__(self, state):
        Loud.called.append("setstate")

    def __reduce__(self):
        return (_shout, ("made",))


def _shout(word):
    Loud.called.append(word)
    return Loud()


CASES = {
    "a number": (3, "3"),
    "a text": ("a\x1b[31m\n", "'a\\x1b[31m\\n'"),
    "nothing": (None, "None"),
    "a tuple": ((1, "b", 2.5), "(1, 'b', 2.5)"),
    "a dictionary": ({"a": [1, 2]}, "{'a': [1, 2]}"),
    "an ordered dictionary": (OrderedDict(a=1), "OrderedDict([('a', 1)])"),
    "a date": (datetime.date(2026, 11, 24), "datetime.date(2026, 11, 24)"),
    "a decimal": (decimal.Decimal("1.5"), "Decimal('1.5')"),
    "a path": (PurePosixPath("/a/b"), "PurePosixPath('/a/b')"),
    "an id": (uuid.UUID(int=5), "UUID('00000000-0000-0000-0000-000000000005')"),
    "a numpy number": (np.float64(2.5), "np.float64(2.5)"),
    "an array": (np.arange(6.0).reshape(2, 3), "array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], 2 × 3, float64)"),
    "an array of objects": (np.array([None, "a"], object), "array(…, 2, object)"),
    "bytes": (b"ab", "b'ab'"),
    "a dataclass": (Point(3, "p"), "Point(x=3, name='p')"),
    "a function by name": (os.getpid, "<getpid>"),
    "a function": (lambda x: x, "<function <lambda>>"),
    "a long text": ("x" * 500, "'" + "x" * 27 + "..." + "x" * 28 + "'"),
}


@pytest.mark.parametrize("name", CASES)
def test_an_input_is_described_as_python_writes_it(name):
    value, text = CASES[name]
    shown = describe(mapped([value]))
    assert shown.replace("np.float64(2.5)", "2.5") == text.replace("np.float64(2.5)", "2.5")
    assert describe(call(value)) == shown


def test_a_map_over_several_sequences_is_described_by_its_tuple():
    assert describe(mapped([1], ["a"])) == "(1, 'a')"


def test_a_chunk_is_described_as_the_list_of_its_inputs():
    assert describe(mapped(range(40, 43)), inputs=3) == "[40, 41, 42]"
    assert describe(mapped(list(range(90))), inputs=90) == "[0, 1, 2, 3, 4, 5, ...]"


def test_a_call_is_described_with_its_keywords():
    assert describe(call(1, "a", b=2, a=[3])) == "1, 'a', a=[3], b=2"


def test_no_code_of_the_user_runs():
    Loud.called.clear()
    shown = describe(mapped([[Loud(), partial(_shout, 1)]]))
    assert shown.startswith("[_shout('made'), ")
    assert Loud.called == []


def test_a_pickle_that_would_run_a_command_does_not_run_it():
    evil = b"cos\nsystem\n(S'touch /nowhere/at/all'\ntR."
    cache = ArgumentCache()
    cache.add("m", [b"f", pickle.dumps({"nargs": 1, "narg_bufs": 1, "kw_keys": []}), evil])
    assert describe_input(*cache.find("m"), 1) == "system('touch /nowhere/at/all')"


@pytest.mark.parametrize("value", [np.zeros(10_000), "x" * 10_000, list(range(10_000))])
def test_a_large_input_is_not_cached(value):
    cache = ArgumentCache()
    cache.add("m", mapped([value]))
    assert len(cache) == 0


def test_the_cache_is_bounded_and_evicts_the_oldest_first():
    cache = ArgumentCache()
    many = MAX_CACHE_BYTES // MAX_MESSAGE_BYTES + 100
    buffers = [b"f", b"x" * MAX_MESSAGE_BYTES]
    for number in range(many):
        cache.add(str(number), buffers)
    assert 0.8 * MAX_CACHE_BYTES / MAX_MESSAGE_BYTES < len(cache) < MAX_CACHE_BYTES / MAX_MESSAGE_BYTES
    assert cache.find("0") is None
    assert cache.find(str(many - 1)) is not None
    cache.drop([str(number) for number in range(many)])
    assert len(cache) == cache._bytes == 0


def test_less_is_kept_of_messages_that_succeeded():
    cache = ArgumentCache()
    cache.add("failed", [b"f", b"x"])
    many = [str(number) for number in range(MAX_SUCCEEDED + 1)]
    for msg_id in many:
        cache.add(msg_id, [b"f", b"x"])
    cache.mark_succeeded(many[:-1])
    assert cache.find(many[0]) is not None
    cache.mark_succeeded(many[-1:])
    assert [cache.find(msg_id) is None for msg_id in (many[0], many[1], "failed")] == [True, False, False]


def test_messages_that_succeeded_are_evicted_first():
    cache = ArgumentCache()
    large = [b"f", b"x" * MAX_MESSAGE_BYTES]
    for msg_id in ("failed", "ok"):
        cache.add(msg_id, large)
    cache.mark_succeeded(["never kept", "ok"])
    number = 0
    while cache.find("ok") is not None:
        number += 1
        cache.add(str(number), large)
    assert cache.find("failed") is not None
    assert len(cache) == number + 1


def test_a_message_of_a_broadcast_finds_the_arguments_sent_once_for_all():
    cache = ArgumentCache()
    cache.add("a_1", call(5))
    assert describe_input(*cache.find("a_1_3f2b"), 1) == "5"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 5))
def test_arbitrary_bytes_do_no_harm(data, inputs):
    for buffers in ([b"f", pickle.dumps({"nargs": 1, "narg_bufs": 1, "kw_keys": []}), data], [b"f", data]):
        shown = describe(buffers, inputs)
        assert shown is None or len(shown) <= MAX_LENGTH


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None)
@given(plain)
def test_any_plain_value_is_described_in_bounded_length_or_not_cached(value):
    shown = describe(call(value))
    assert shown is None or 0 < len(shown) <= MAX_LENGTH

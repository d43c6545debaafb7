"""Requests of a front end are parsed, or refused with a reason."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipar_results.live.channel.requests import RequestError, parse_request

GOOD = {
    "hello": {"client": "tab", "rate": 5, "version": "0.1.0"},
    "snapshot": {},
    "watch": {"result": "a"},
    "task": {"result": "a", "position": 3, "limit": 4000},
    "traceback": {"result": "a", "group": 0},
    "inputs": {"result": "a", "positions": [0, 49]},
    "outputs": {"result": "a"},
    "bundle": {"result": "a"},
    "cancel": {"result": "a"},
    "interrupt": {"result": "a"},
    "retry": {"result": "a", "indices": [0, 1]},
    "export": {"result": "a", "format": "trace"},
}


def request(kind, **keys):
    return {"protocol": 1, "request": "r1", "type": kind, **{**GOOD.get(kind, {}), **keys}}


@pytest.mark.parametrize("kind", GOOD)
def test_a_well_formed_request_is_parsed(kind):
    parsed = parse_request(request(kind))
    assert (parsed.kind, parsed.id, parsed.args) == (kind, "r1", GOOD[kind])


@pytest.mark.parametrize(
    ("kind", "key"), [("hello", "rate"), ("hello", "version"), ("task", "limit"), ("retry", "indices")]
)
def test_an_optional_key_may_be_left_out(kind, key):
    content = request(kind)
    del content[key]
    assert parse_request(content).args[key] is None


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("hello", "client", None),
        ("hello", "client", "x" * 65),
        ("hello", "rate", float("nan")),
        ("hello", "rate", 1e9),
        ("hello", "rate", True),
        ("hello", "version", 1),
        ("hello", "version", "x" * 65),
        ("cancel", "result", None),
        ("cancel", "result", 7),
        ("cancel", "result", ""),
        ("cancel", "result", "x" * 10_000_000),
        ("task", "position", -1),
        ("task", "position", 1.5),
        ("task", "position", True),
        ("task", "position", 2**60),
        ("task", "limit", 10**9),
        ("retry", "indices", "all"),
        ("retry", "indices", [-1]),
        ("retry", "indices", [[0]]),
        ("retry", "indices", [0] * 200_000),
        ("inputs", "positions", None),
        ("inputs", "positions", [0] * 101),
        ("inputs", "positions", [0.5]),
        ("export", "format", "exe"),
        ("export", "format", []),
        ("export", "format", {}),
    ],
)
def test_an_invalid_value_is_refused_and_its_key_named(kind, key, value):
    with pytest.raises(RequestError) as refused:
        parse_request(request(kind, **{key: value}))
    assert (refused.value.code, str(refused.value).split(":")[0]) == ("bad-request", key)


@pytest.mark.parametrize("protocol", [None, 0, 2, "1", True, 1.0])
def test_another_protocol_is_refused(protocol):
    with pytest.raises(RequestError) as refused:
        parse_request({**request("snapshot"), "protocol": protocol})
    assert refused.value.code == "protocol"


@pytest.mark.parametrize("kind", [None, "", "shutdown", 3, [], {}])
def test_an_unknown_type_is_refused(kind):
    with pytest.raises(RequestError) as refused:
        parse_request({"protocol": 1, "request": "r1", "type": kind})
    assert refused.value.code == "bad-request"


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.sampled_from(sorted(GOOD)), st.dictionaries(st.sampled_from(["result", "position", "limit"]), json))
def test_any_json_value_is_parsed_or_refused(kind, keys):
    try:
        assert parse_request(request(kind, **keys)).kind == kind
    except RequestError as refused:
        assert refused.code == "bad-request"


@settings(deadline=None)
@given(json)
def test_json_that_is_no_request_is_refused(content):
    with pytest.raises(RequestError):
        parse_request(content)

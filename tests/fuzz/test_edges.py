"""A few hundred of the cases that `make fuzz` plays by the hundred thousand, and that they find something."""

import json
import os

import pytest
from edges import EDGES, play
from fakes import Fed, follow
from hypothesis import given, settings
from hypothesis import strategies as st

from ipar_results.export.load import load, parse_snapshot
from ipar_results.export.trace import SNAPSHOT_KEY
from ipar_results.live.channel.channel import Channel
from ipar_results.live.channel.requests import RequestError, parse_request
from ipar_results.model.snapshot import Snapshot
from ipar_results.render import html, text

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "150"))  # of each test that looks for its own cases
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: edge.__name__)
def test_broken_messages_do_nothing_at_the_edge(edge):
    figures = edge(300, seed=6)
    assert figures.wrong == []
    assert figures.cases == 300
    assert figures.refused > 100


def test_a_case_that_raises_is_told_with_its_seed():
    figures = play("an edge", 3, 6, lambda chance: 1 / 0)
    assert len(figures.wrong) == 3
    assert "seed 6, case 0: ZeroDivisionError" in figures.wrong[0]


def test_an_answer_that_fails_is_told(monkeypatch):
    monkeypatch.setattr(Channel, "_dispatch", lambda *args: 1 / 0)
    assert any("failed" in line for line in EDGES[0](100, seed=6).wrong)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.fixed_dictionaries(
        {"protocol": st.just(1) | JSON, "request": JSON}, optional={"type": JSON, "result": JSON}
    )
)
def test_a_request_of_any_json_is_parsed_or_refused(content):
    try:
        request = parse_request(content)
    except RequestError as refused:
        assert str(refused)
    else:
        assert request.id == content["request"]


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.sampled_from(sorted(Snapshot().to_json())), JSON)
def test_a_saved_snapshot_with_any_json_in_a_field_is_drawn_or_refused(name, value):
    try:
        snapshot = parse_snapshot({**Snapshot().to_json(), name: value})
    except ValueError as error:
        assert str(error)
    else:
        assert html.card(snapshot) and text.plain_text(snapshot)


MESSAGE = st.fixed_dictionaries(
    {
        "header": JSON | st.fixed_dictionaries({"msg_type": st.sampled_from(["status", "error", "stream"])}),
        "content": JSON | st.fixed_dictionaries({"execution_state": st.just("busy") | JSON}),
        "metadata": JSON | st.fixed_dictionaries({"engine": st.just("uuid-0") | JSON}),
        "parent_header": JSON | st.fixed_dictionaries({"msg_id": st.just("message_0") | JSON}),
    }
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(MESSAGE | JSON, min_size=1, max_size=4))
def test_a_message_of_an_engine_of_any_json_ends_no_task_and_raises_nothing(messages):
    fed = Fed(2)
    followed = follow(fed)
    for message in messages:
        for callback in list(fed.futures[0].iopub_callbacks):
            callback(message)
    snapshot = followed.snapshot()
    assert (snapshot.done, snapshot.running + snapshot.queued) == (0, 2)
    assert html.card(snapshot) and text.plain_text(snapshot)
    fed.reply(0)
    assert followed.snapshot().ok == 1  # no callback was stalled by the earlier messages


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=200) | JSON | JSON.map(lambda each: {"otherData": {SNAPSHOT_KEY: each}}))
def test_a_file_of_anything_is_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(
        content if isinstance(content, bytes) else json.dumps(content).encode("utf-8", "replace")
    )
    try:
        assert html.card(load(path))
    except ValueError as error:
        assert str(path) in str(error)

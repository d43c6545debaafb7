"""All public figures are plain Python values, whatever the columns hold."""

from dataclasses import fields, is_dataclass

import numpy as np
import pytest
from fakes import START, Fed, follow
from ipyparallel.error import RemoteError

from ipar_results.facts import eta as eta_of_record
from ipar_results.iterate.as_completed import as_completed

PLAIN = (RemoteError, bool, int, float, str, type(None))


def not_plain(value, path=""):
    """Return where a record holds anything but plain values."""
    if is_dataclass(value):
        parts = [(each.name, getattr(value, each.name)) for each in fields(value) if each.name != "result"]
    elif type(value) in (tuple, list):
        parts = list(enumerate(value))
    else:
        return [] if type(value) in PLAIN else [f"{path}: {type(value)}"]
    return [found for name, part in parts for found in not_plain(part, f"{path}.{name}")]


@pytest.mark.parametrize("chunks", [None, [3] * 12])
def test_each_figure_of_a_snapshot_is_plain(chunks, monkeypatch):
    fed = Fed(12, chunks)
    followed = follow(fed)
    now = START.timestamp() + 9
    monkeypatch.setattr(
        "ipar_results.results.followed.time", type("", (), {"time": staticmethod(lambda: now)})
    )
    fed.busy(8)
    fed.busy(9)
    for i in range(8):
        (fed.fail if i == 3 else fed.reply)(i, seconds=1 + i / 10)
    running = followed.snapshot()
    assert running.eta is not None
    assert not_plain(running) == []
    for i in range(8, 12):
        fed.reply(i)
    ended = followed.snapshot()
    assert ended.time_use is not None
    assert not_plain(ended) == []
    assert not_plain(list(as_completed(fed.result, quiet=True))) == []


@pytest.mark.parametrize("number", [np.float64(2.0), 2.0])
def test_the_time_left_is_plain_whatever_the_model_returns(number, monkeypatch):
    monkeypatch.setattr(eta_of_record, "estimate", lambda observed: (number, number))
    fed = Fed(8)
    followed = follow(fed)
    for i in range(4):
        fed.reply(i)
    assert not_plain(followed.snapshot().eta) == []

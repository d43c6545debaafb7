"""Facades of results whose connection ends and comes back."""

import gc
import time
from datetime import datetime, timezone
from types import SimpleNamespace

import pytest
from fakes import Fed, follow


def test_all_figures_stop_when_contact_ends(monkeypatch):
    fed = Fed(3)
    followed = follow(fed)
    fed.reply(0)
    fed.busy(1, date=datetime.now(timezone.utc))
    now, sleep = time.time(), [0.0]
    stub = SimpleNamespace(time=lambda: now + sleep[0], monotonic=lambda: now + sleep[0])
    for module in ("record.clock", "facts.build_snapshot", "facts.take_timeline"):
        monkeypatch.setattr(f"ipar_results.{module}.time", stub, raising=False)
    monkeypatch.setattr(followed.record.clock, "_began", now)
    sleep[0] = 5.0
    running = followed.snapshot()
    assert running.engines[1].running[1] == pytest.approx(5.0, abs=0.5)
    fed.client._closed = True
    figures = []
    for sleep[0] in (6.0, 60.0):
        snapshot, timeline = followed.snapshot(), followed.timeline()
        assert snapshot.state == "lost"
        figures.append(
            (snapshot.elapsed, snapshot.speedup, snapshot.efficiency, snapshot.engines, timeline.now)
        )
    assert figures[0] == figures[1]
    assert figures[0][0] == pytest.approx(6.0)
    fed.client._closed = False  # as a controller that answers after a silence
    assert followed.snapshot().elapsed == pytest.approx(60.0)


def test_the_variable_of_a_result_that_is_gone_is_not_its_name():
    fed = Fed(1)
    followed = follow(fed)
    followed.namespace = lambda: {"squares": fed and fed.result}
    assert followed.is_named("squares")
    fed.reply(0)
    fed = None
    gc.collect()
    assert followed.record.result() is None
    assert not followed.is_named("squares")

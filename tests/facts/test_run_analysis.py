"""The account of a run counts what happened, once: with retries, cancelled tasks and late engines."""

import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from fakes import START, Fed, follow


@pytest.fixture(autouse=True)
def retry_time(monkeypatch):
    """A retry is at second 5 of the run."""
    fixed = SimpleNamespace(time=lambda: START.timestamp() + 5, monotonic=time.monotonic)
    monkeypatch.setattr("ipar_results.record.clock.time", fixed)


def reply_again(fed, i, seconds=1.0):
    """A task that was sent again begins at second 5."""
    begin = START + timedelta(seconds=5)
    end = begin + timedelta(seconds=seconds)
    fed.reply(i, started=begin, completed=end, received=end)


def test_the_account_of_a_run_is_made_anew_after_a_retry_that_nobody_watched():
    fed = Fed(4)
    followed = follow(fed)
    for i in (0, 1, 2):
        fed.reply(i)
    fed.fail(3)
    before = followed.snapshot().time_use
    assert before.computing == pytest.approx(3.0)
    fed.send_again(followed, [3])
    reply_again(fed, 3)
    after = followed.snapshot()
    assert after.ok == 4
    assert after.time_use.computing == pytest.approx(4.0)
    assert after.time_use.lost == pytest.approx(1.0)

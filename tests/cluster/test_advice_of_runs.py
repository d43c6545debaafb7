"""Advice on runs on real engines: what it says holds for the engines that the tasks could use."""

import ipyparallel as ipp
import pytest
from tasks import nap

pytestmark = pytest.mark.cluster


def chosen():
    """Whether this engine may take a task."""
    import os

    return "IPAR_CHOSEN" in os.environ


@pytest.fixture
def one_chosen(rc):
    """Let the second engine alone take tasks that depend on it."""
    rc[1].execute("import os; os.environ['IPAR_CHOSEN'] = '1'", block=True)
    yield
    rc[1].execute("del os.environ['IPAR_CHOSEN']", block=True)


def no_engine_is_called_idle(ar):
    """Whether the second engine alone counts; on a busy machine there may be advice on overhead."""
    assert ar.monitor.snapshot().time_use.engines == 1
    return not {"few-tasks", "long-tail"} & {advice.code for advice in ar.monitor.advice}


def test_engines_that_a_view_does_not_target_are_not_idle(layer, rc):
    ar = rc.load_balanced_view(targets=[1]).map_async(nap, [0.2] * 5)
    ar.get(timeout=60)
    assert no_engine_is_called_idle(ar)


def test_engines_that_refuse_tasks_are_not_idle(layer, rc, one_chosen):
    ar = rc.load_balanced_view().map_async(ipp.depend(chosen)(nap), [0.2] * 5)
    ar.get(timeout=60)
    assert no_engine_is_called_idle(ar)

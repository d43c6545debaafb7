"""A ResultWidget that a user places follows its result."""

import threading

import pytest
from gate import hold
from ipywidgets.widgets.widget import _instances

import ipar_results
from ipar_results.live.display.display import WIDGET_MIME, LiveDisplay
from ipar_results.live.session import current

pytestmark = pytest.mark.cluster


@pytest.fixture(params=[True, False], ids=["layer on", "layer off"])
def layer(request):
    if request.param:
        ipar_results.enable()
    yield request.param
    ipar_results.disable()


def test_it_moves_to_the_end_of_its_result(rc, until, layer, gate):
    """Its traits rise by themselves while no view draws it."""
    ar = rc.load_balanced_view().map_async(hold, *gate.inputs(30))
    widget = ipar_results.ResultWidget(ar)
    seen = []
    widget.observe(lambda change: seen.append(change.new), "done")
    for count in range(1, 4):
        gate.open(count)
        until(lambda count=count: widget.done == count)
    gate.open()
    until(lambda: widget.finished)
    assert (widget.done, widget.ok, widget.state) == (30, 30, "done")
    assert len(seen) >= 3 and seen == sorted(seen)


def test_closing_it_ends_the_following(rc, until, layer, gate):
    """Nothing is shown any more once it is closed, and the thread ends with the result at the latest."""
    ar = rc[:].apply_async(hold, gate.path)
    widget = ipar_results.ResultWidget(ar)
    widget.close()
    until(lambda: not current().ticker.updatables())
    gate.open()
    until(lambda: not [t for t in threading.enumerate() if t.name == "ipar-results-ticker"])


def test_a_finished_result_is_drawn_at_once(rc, layer):
    """There is nothing to wait for."""
    ar = rc[:].apply_async(int)
    ar.wait()
    assert ipar_results.ResultWidget(ar).finished


def test_in_voila_a_displayed_result_keeps_its_widget_and_ends_in_the_truth(rc, until, monkeypatch, gate):
    """Voila's page takes in no new output: a widget that were closed at the end would leave a hole."""
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5")
    ipar_results.enable()
    layer = current()
    published = []
    try:
        ar = rc.load_balanced_view().map_async(hold, *gate.inputs(20))
        live = LiveDisplay(
            ar, layer.followed(ar), layer.config, lambda data, *rest, **how: published.append(data), "widget"
        )
        live.open()
        model = published[0][WIDGET_MIME]["model_id"]
        layer.ticker.add(live)
        gate.open()
        until(lambda: live.over)
        assert published[-1][WIDGET_MIME]["model_id"] == model
        widget = _instances[model]
        assert widget.comm is not None and widget.finished and widget.done == 20
        assert "20" in widget.children[1].value
        widget.close()
    finally:
        ipar_results.disable()


def test_a_front_end_without_widgets_gets_html_that_moves(rc, until, gate):
    """It closes the comms of what it cannot draw: the server of a split set-up may have no ipywidgets."""
    ipar_results.enable()
    layer = current()
    published = []
    try:
        ar = rc.load_balanced_view().map_async(hold, *gate.inputs(40))
        live = LiveDisplay(
            ar, layer.followed(ar), layer.config, lambda data, *rest, **how: published.append(data), "widget"
        )
        live.open()
        assert WIDGET_MIME in published[0]
        for part in _instances[published[0][WIDGET_MIME]["model_id"]].children:
            part.comm._closed = True  # as comm_close of the front end leaves it
        layer.ticker.add(live)
        for count in (1, 2):
            gate.open(count)
            until(lambda count=count: f"aria-valuenow={count} " in published[-1].get("text/html", ""))
        gate.open()
        until(lambda: live.over)
        assert not any(WIDGET_MIME in data for data in published[1:])
        assert "aria-valuenow=40 " in published[-1]["text/html"]
    finally:
        ipar_results.disable()

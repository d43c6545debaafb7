"""The card widget redraws what has changed, counts its messages and closes all its parts."""

from dataclasses import replace

import comm
import ipywidgets
import pytest
import samples
from comm.base_comm import BaseComm
from ipywidgets.widgets.widget import _instances
from traitlets import TraitError

from ipar_results.live.result_widget import ResultWidget


@pytest.fixture
def sent(monkeypatch):
    """Record every message that is sent through a comm."""
    messages = []

    class RecordedComm(BaseComm):
        def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
            assert not buffers, "a kernel gateway does not forward binary buffers"
            messages.append((msg_type, data))

    monkeypatch.setattr(comm, "create_comm", RecordedComm)
    return messages


@pytest.fixture
def widget(sent):
    widget = ResultWidget()
    sent.clear()
    yield widget
    widget.close()


def later(snapshot, seconds, **changes):
    return replace(snapshot, time=snapshot.time + seconds, elapsed=snapshot.elapsed + seconds, **changes)


def shown(widget):
    """Return the HTML of each part of the widget."""
    _, head, failures, folds = widget.children
    return [head.value, failures.value, *(part.value for part in folds.children)]


def test_drawing_a_snapshot_draws_every_part(widget):
    widget.draw(samples.running)
    head, failures, engines, tasks, output = shown(widget)
    assert "412 of 1,000" in head
    assert "ValueError" in failures
    assert "task 413" in engines
    assert "50 of 1,000 tasks" in tasks
    assert "step 3 of 3" in output


def test_drawing_returns_the_number_of_messages(widget, sent):
    assert widget.draw(samples.running) == len(sent) > 0


def test_drawing_the_same_again_sends_nothing(widget, sent):
    widget.draw(samples.running)
    sent.clear()
    assert widget.draw(samples.running) == 0
    assert widget.draw(samples.running, force=True) == 0
    assert sent == []


def test_only_a_part_that_has_changed_is_sent(widget, sent):
    widget.draw(samples.running)
    sent.clear()
    assert widget.draw(later(samples.running, 0.9, done=413, ok=399, running=7)) == 1
    assert len(sent) == 1


def test_folds_are_drawn_at_most_once_a_second(widget):
    widget.draw(samples.running)
    before = shown(widget)[2:]
    widget.draw(later(samples.running, 0.9, engines=()))
    assert shown(widget)[2:] == before
    widget.draw(later(samples.running, 1.1, engines=()))
    assert shown(widget)[2:] != before


@pytest.mark.parametrize("how", [{"force": True}, {}])
def test_folds_are_drawn_at_once_when_forced_or_at_the_end(widget, how):
    widget.draw(samples.running)
    before = shown(widget)[2]
    widget.draw(later(samples.running, 0.1, engines=(), finished=not how), **how)
    assert shown(widget)[2] != before


def test_the_style_sheet_is_sent_once(widget, sent):
    widget.draw(samples.running)
    widget.draw(samples.failed)
    assert not any("--ipar-fg:" in str(data) for _, data in sent)
    assert ".ipar-card" in widget.children[0].value


def test_folds_are_closed_initially(widget):
    widget.draw(samples.running)
    assert widget.children[3].selected_index is None
    assert widget.children[3].titles == ("Engines 8", "Tasks 1,000", "Output 3 tasks")


@pytest.mark.parametrize(("name", "display"), [("running", None), ("one", "none"), ("empty", "none")])
def test_a_small_result_shows_no_folds(widget, name, display):
    widget.draw(samples.ALL[name])
    assert widget.children[3].layout.display == display


def test_traits_mirror_the_counts_and_can_be_observed(widget):
    seen = []
    widget.observe(lambda change: seen.append(change.new), "done")
    widget.draw(samples.running)
    widget.draw(samples.failed)
    assert seen == [412, 1000]
    assert (widget.total, widget.failed, widget.state, widget.finished) == (1000, 14, "failed", True)


def test_traits_are_read_only(widget):
    with pytest.raises(TraitError, match="read-only"):
        widget.done = 3


def test_the_widget_is_made_of_stock_widgets_only(widget):
    """A front end needs no extension to draw it."""
    for part in [widget, *widget.children, *widget.children[3].children]:
        assert part._model_module == "@jupyter-widgets/controls"


def test_the_widget_can_be_placed_in_a_box_with_a_layout():
    widget = ResultWidget(layout={"width": "50%"})
    box = ipywidgets.HBox([widget])
    assert box.children[0].layout.width == "50%"
    widget.close()
    box.close()


def test_closing_closes_every_part():
    before = set(_instances)
    widget = ResultWidget()
    widget.draw(samples.running)
    widget.close()
    assert {
        key for key in set(_instances) - before if "Layout" not in type(_instances[key]).__name__
    } == set()
    assert set(_instances) == before


def test_closing_twice_and_drawing_after_closing_do_nothing(widget, sent):
    widget.draw(samples.running)
    widget.close()
    sent.clear()
    widget.close()
    assert widget.draw(samples.failed) == 0
    assert sent == []


@pytest.mark.parametrize("name", samples.ALL)
def test_every_state_can_be_drawn(widget, name):
    widget.draw(samples.ALL[name])
    assert samples.ALL[name].name in widget.children[1].value

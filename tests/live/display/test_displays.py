"""A result that is displayed several times, cleared, waited for, or captured by an Output widget."""

from types import SimpleNamespace

import ipywidgets
import pytest
from fakes import Fed

from ipar_results.config import load_settings
from ipar_results.live.display.displays import Displays
from ipar_results.results.registry import Registry

WIDGET = "application/vnd.jupyter.widget-view+json"


class Scene:
    """Session in which requests run one after another; nothing is updated but by `tick`."""

    captured, channel, tracker = False, None, None

    def __init__(self):
        self.config, self.followed = load_settings(None), Registry().followed
        self.sent, self.updated, self.id = [], [], "first"
        self.shell = SimpleNamespace(
            get_parent=self.parent, display_pub=SimpleNamespace(publish=self.publish)
        )
        self.ticker = SimpleNamespace(
            add=self.add, updatables=lambda: self.updated, update_permanent=lambda: None
        )
        self.displays = Displays(self)

    def parent(self):
        return {"header": {"msg_id": self.id}} if self.id else {}

    def publish(self, data, metadata, *, transient, update):
        self.sent.append((update, transient["display_id"], data))

    def add(self, live):
        if live not in self.updated:
            self.updated.append(live)

    def tick(self):
        self.sent.clear()
        for live in self.updated:
            if not live.over:
                live.send()


@pytest.fixture
def scene():
    return Scene()


@pytest.fixture
def output(scene):
    """Output widget that captures what the running request displays."""
    output = ipywidgets.Output()
    output.msg_id = scene.id
    yield output
    output.close()


def end(fed):
    for i in range(len(fed.futures)):
        fed.reply(i)


def test_a_polling_loop_has_one_display_that_ends_with_one_message(scene):
    fed = Fed(2)
    for _ in range(60):
        scene.displays.on_clear()
        scene.displays.display(fed.result)
    assert len({display_id for _, display_id, _ in scene.sent}) == 1
    end(fed)
    scene.tick()
    ((update, _, data),) = scene.sent
    assert update and "2 ok" in data["text/plain"]
    assert all(live.over for live in scene.updated)


def test_an_output_that_was_not_updated_yet_is_updated_when_the_ended_result_is_displayed_again(scene):
    fed = Fed(2)
    scene.displays.display(fed.result)
    end(fed)
    scene.id = "second"
    scene.displays.display(fed.result)
    scene.tick()
    assert [update for update, _, _ in scene.sent] == [True]
    scene.id = "third"
    scene.sent.clear()
    scene.displays.display(fed.result)
    scene.tick()
    assert scene.sent == []  # all outputs show the end


def test_what_is_cleared_is_updated_no_more_once_something_else_is_displayed(scene):
    cleared, elsewhere, other = Fed(2), Fed(2), Fed(2)
    scene.displays.display(elsewhere.result)
    scene.id = "second"
    first, second = (scene.displays.display(fed.result) for fed in (cleared, elsewhere))
    scene.displays.on_clear()
    assert not first.over  # it stays until there is something else
    scene.displays.display(other.result)
    assert first.over and not second.over
    assert not scene.displays.display(cleared.result).over


def test_a_clear_elsewhere_drops_nothing(scene):
    live = scene.displays.display(Fed(2).result)
    scene.id = "second"
    scene.displays.on_clear()
    scene.displays.display(Fed(2).result)
    assert not live.over


def test_waiting_finds_the_display_of_its_own_cell_unless_that_was_cleared(scene):
    result = Fed(2).result
    assert scene.displays.displayed_here(result) is None
    live = scene.displays.display(result)
    assert scene.displays.displayed_here(result) is live
    scene.id = "second"
    assert scene.displays.displayed_here(result) is None
    scene.displays.display(result)
    scene.displays.on_clear()
    assert scene.displays.displayed_here(result) is None


def test_without_the_id_of_a_request_each_wait_displays_its_result(scene):
    scene.id = None
    result = Fed(2).result
    scene.displays.display(result)
    assert scene.displays.displayed_here(result) is None


@pytest.mark.parametrize("labextension", [False, True])
def test_in_an_output_widget_a_card_is_a_widget_that_holds_the_end(scene, output, labextension):
    if labextension:  # it would not find the kernel of an Output's output
        scene.channel = SimpleNamespace(connected=True, watch=lambda entry: None)
        scene.tracker = SimpleNamespace(entry=lambda result: SimpleNamespace(id="1"))
    fed = Fed(2)
    live = scene.displays.display(fed.result)
    (_, _, data), widget = scene.sent[0], live._widget
    assert set(data) == {WIDGET, "text/plain"}
    assert not any(figure.isdigit() for figure in data["text/plain"])  # it would stay as it is now
    end(fed)
    scene.tick()
    assert live.over
    assert "2 ok" in widget.children[1].value
    assert widget.comm is not None
    widget.close()


def test_beside_an_output_widget_a_card_is_an_output_of_the_cell(scene, output):
    result = Fed(2).result
    inside = scene.displays.display(result)
    output.msg_id = ""
    outside = scene.displays.display(result)
    assert WIDGET not in scene.sent[-1][2]
    assert outside is not inside
    inside.drop()


def test_the_widgets_of_a_cleared_output_widget_do_not_pile_up(scene, output):
    shown = []
    for n in range(3):  # as `interact` does
        scene.id = output.msg_id = f"interaction {n}"
        scene.displays.on_clear()
        fed = Fed(2)
        shown.append((fed, scene.displays.display(fed.result)._widget))
        end(fed)
        scene.tick()
    assert [widget.comm is not None for _, widget in shown] == [False, False, True]
    shown[-1][1].close()

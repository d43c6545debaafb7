"""Output of engines is shown in one display, at a cost proportional to its length."""

from types import SimpleNamespace

import pytest

from ipar_results.live.streams import FINAL_CHARACTERS, LIVE_CHARACTERS, Streams, publisher_for_cell


class Screen:
    """Publisher that records what was published."""

    def __init__(self):
        self.sent = []

    def __call__(self, data, metadata=None, *, transient=None, update=False):
        self.sent.append((data["text/plain"], transient["display_id"], update))

    @property
    def text(self):
        return self.sent[-1][0]


class Engines:
    """Engines that write to streams, with the metadata that ipyparallel keeps."""

    def __init__(self, n=2, once=False):
        self.screen = Screen()
        self.ids = [f"m{i}" for i in range(n)]
        self.metadata = [{"stdout": "", "stderr": ""} for _ in range(n)]
        self.streams = Streams(self.ids, self.screen, lambda: 5.0, at_end_only=once)
        self.now = 1e9

    def write(self, i, text, name="stdout"):
        self.metadata[i][name] += text
        self.streams.on_output(i, self.ids[i], name, self.metadata[i])

    def tick(self):
        self.now += 1
        return self.streams.send() if self.streams.urgency(self.now) is not None else 0


def test_the_streams_of_all_engines_are_one_display_in_order():
    engines = Engines()
    engines.write(1, "one\n")
    engines.tick()
    engines.write(0, "zero\n")
    engines.write(0, "bad\n", "stderr")
    engines.tick()
    assert engines.screen.text == "[stdout:0] zero\n[stderr:0] bad\n[stdout:1] one"
    (_, first, opened), (_, second, updated) = engines.screen.sent
    assert first == second and (opened, updated) == (False, True)


def test_nothing_is_sent_without_new_output():
    engines = Engines()
    assert engines.tick() == 0
    engines.write(0, "x")
    assert engines.tick() == 1
    assert engines.tick() == 0
    assert len(engines.screen.sent) == 1


def test_updates_keep_to_the_rate():
    engines = Engines()
    engines.write(0, "x")
    engines.streams.send()
    engines.write(0, "y")
    assert engines.streams.urgency(engines.streams.sent_at + 0.1) is None
    assert engines.streams.urgency(engines.streams.sent_at + 0.3) is not None


def test_the_characters_sent_are_proportional_to_those_written():
    def sent(chunks):
        engines = Engines(1)
        for n in range(chunks):
            engines.write(0, f"a line of some length, number {n}\n")
            engines.tick()  # the worst case: each chunk is an update
        engines.streams.freeze()
        return sum(len(text) for text, _, _ in engines.screen.sent)

    few, many = sent(2_000), sent(4_000)
    assert many < 2.5 * few  # it once was four times as much


def test_updates_show_the_ends_and_the_last_state_shows_all():
    engines = Engines(1)
    lines = [f"line {n}" for n in range(5_000)]
    engines.write(0, "\n".join(lines))
    engines.tick()
    assert len(engines.screen.text) < LIVE_CHARACTERS + 200
    assert engines.screen.text.endswith("line 4999")
    assert "characters left out; shown at the end" in engines.screen.text
    engines.streams.freeze()
    assert engines.screen.text.splitlines()[1:] == lines


def test_very_long_output_is_cut_in_the_last_state_with_a_note():
    engines = Engines(1)
    engines.write(0, "x" * 3 * FINAL_CHARACTERS)
    engines.streams.freeze()
    assert len(engines.screen.text) < FINAL_CHARACTERS + 200
    assert "characters left out" in engines.screen.text


def test_many_engines_do_not_make_an_update_longer():
    engines = Engines(500)
    for i in range(500):
        engines.write(i, "some words that an engine has to say\n" * 20)
    engines.tick()
    assert len(engines.screen.text) < 2 * LIVE_CHARACTERS
    assert "460 more streams" in engines.screen.text
    engines.streams.freeze()
    assert engines.screen.text.count("[stdout:") == 500


def test_a_redrawn_progress_bar_is_one_line():
    engines = Engines(1)
    engines.write(0, "".join(f"\r{n} %" for n in range(101)))
    engines.tick()
    assert engines.screen.text == "[stdout:0] 100 %"


def test_the_last_state_is_sent_once_and_nothing_after_it():
    engines = Engines(1)
    engines.write(0, "x")
    engines.streams.freeze()
    engines.streams.freeze()
    engines.write(0, "y")
    assert engines.tick() == 0
    assert len(engines.screen.sent) == 1


def test_captured_output_gets_the_last_state_only():
    engines = Engines(1, once=True)
    engines.write(0, "x")
    assert engines.tick() == 0
    engines.streams.freeze()
    assert [update for _, _, update in engines.screen.sent] == [False]


def test_a_closed_connection_ends_the_streams_without_raising(caplog):
    def gone(*args, **kwargs):
        raise OSError

    streams = Streams(["m0"], gone, lambda: 5.0)
    streams.on_output(0, "m0", "stdout", {"stdout": "x"})
    assert streams.send() == 1
    assert streams.over
    assert "showing what engines write" in caplog.text


def test_the_publisher_publishes_to_the_cell_that_ran_when_it_was_made():
    sent = []
    session = SimpleNamespace(send=lambda *args, **kwargs: sent.append((args, kwargs)))
    pub = SimpleNamespace(session=session, pub_socket="socket", parent_header={"msg_id": "a"}, topic=b"t")
    publish = publisher_for_cell(pub)
    pub.parent_header = {"msg_id": "b"}
    publish({"text/plain": "x"}, {}, transient={"display_id": "d"}, update=True)
    ((args, kwargs),) = sent
    assert args[:2] == ("socket", "update_display_data")
    assert kwargs["parent"] == {"msg_id": "a"}


@pytest.mark.parametrize("pub", [SimpleNamespace(publish=print), SimpleNamespace(publish=print, session=1)])
def test_without_a_kernel_the_publisher_is_that_of_the_shell(pub):
    assert publisher_for_cell(pub) is print


def test_what_was_written_before_a_figure_stands_above_it_and_the_rest_below():
    engines = Engines()
    engines.write(0, "before\n")
    engines.tick()
    engines.write(1, "other\n")
    engines.streams.begin_new_display()  # a figure is published now
    engines.streams.begin_new_display()  # and another
    assert engines.tick() == 0
    engines.write(0, "after\n")
    engines.tick()
    engines.streams.freeze()
    final = {display_id: text for text, display_id, _ in engines.screen.sent}
    assert list(final.values()) == ["[stdout:0] before\n[stdout:1] other", "[stdout:0] after"]
    assert [update for _, _, update in engines.screen.sent] == [False, True, False, True]


def test_figures_do_not_repeat_what_was_written_before_them():
    engines = Engines(1)
    for n in range(500):
        engines.write(0, f"step {n}\n")
        engines.streams.begin_new_display()
    engines.streams.freeze()
    assert [text for text, _, _ in engines.screen.sent] == [f"[stdout:0] step {n}" for n in range(500)]

"""Text of tasks is sanitized and keeps its colours."""

import re
import time
from html.parser import HTMLParser

import pytest

from ipar_results.render import style
from ipar_results.render.ansi import clip, one_line, sanitize, to_html

ATTACKS = ["\x1b[", "\x1b]8;;", "\x1b", "\x1b[1;", "\x1b[m", "\x9b", "&<", "\x1b[38;5;", "\x1bP", " \t"]


def text_of(markup):
    """Return the text that a browser shows."""
    parts = []
    parser = HTMLParser()
    parser.handle_data = parts.append
    parser.feed(markup)
    parser.close()
    return "".join(parts)


def test_a_colour_becomes_a_class_until_it_is_reset():
    assert to_html("a\x1b[31mb\x1b[0mc") == 'a<span class="ipar-red">b</span>c'


@pytest.mark.parametrize(
    ("code", "css"),
    [
        ("1", "ipar-bold"),
        ("2", "ipar-dim"),
        ("3", "ipar-italic"),
        ("4", "ipar-under"),
        ("7", "ipar-inverse"),
        ("32", "ipar-green"),
        ("93", "ipar-yellow"),
        ("90", "ipar-grey"),
        ("44", "ipar-on-blue"),
        ("105", "ipar-on-magenta"),
        ("38;5;28", "ipar-green"),
        ("38;5;244", "ipar-grey"),
        ("48;5;196", "ipar-on-red"),
        ("38;2;0;0;200", "ipar-blue"),
        ("48;2;250;250;0", "ipar-on-yellow"),
        ("38;5;28;01", "ipar-bold ipar-green"),
        ("31;7", "ipar-on-red"),
        ("30;43", "ipar-on-yellow"),
    ],
)
def test_each_graphic_code_has_its_class(code, css):
    assert to_html(f"\x1b[{code}mx") == f'<span class="{css}">x</span>'


@pytest.mark.parametrize(
    ("on", "off"),
    [("1", "22"), ("2", "22"), ("3", "23"), ("4", "24"), ("7", "27"), ("31", "39"), ("41", "49")],
)
def test_each_graphic_code_is_reset_by_its_opposite(on, off):
    assert to_html(f"\x1b[{on}m\x1b[{off}mx") == "x"


@pytest.mark.parametrize(
    "code", ["58", "999", "38;5", "38;2;1", "38", "38;9;1", "9" * 50, "1" * 5000, ";;;", "38:5:1"]
)
def test_an_unknown_graphic_code_does_not_change_the_text(code):
    assert text_of(to_html(f"\x1b[{code}mx")) == "x"


@pytest.mark.parametrize(
    "escape",
    [
        "\x1b[2J",
        "\x1b[1;1H",
        "\x1b[?25l",
        "\x1b]0;title\x07",
        "\x1b]8;;http://x\x1b\\",
        "\x1bPq\x1b\\",
        "\x1b(B",
        "\x1bc",
        "\x1b7",
        "\x9b2J",
        "\x9d0;t\x9c",
        "\x1b[>4;2m",
    ],
)
def test_every_other_escape_is_dropped(escape):
    assert sanitize(f"a{escape}b") == "ab" == to_html(f"a{escape}b")


@pytest.mark.parametrize("start", ["\x1b", "\x1b[", "\x1b[31", "\x1b]0;never ended", "\x9b1", "\x1bP1$r"])
def test_an_unterminated_escape_is_dropped(start):
    assert sanitize(f"a{start}") == "a" == to_html(f"a{start}")


def test_dropping_an_escape_never_makes_a_new_one():
    """The texts around a dropped sequence join, but no escape character is left to start a new one."""
    assert "\x1b" not in sanitize("\x1b\x1b[2J[31m\x1b[3\x1b[2J1mx")


def test_control_characters_are_shown():
    assert sanitize("a\x00b\x07c\x7fd\x08") == "a␀b␇c␡d␈"


def test_bidirectional_overrides_are_shown():
    assert sanitize("\u202egnp.exe\u2066") == "�gnp.exe�"


def test_lone_surrogates_are_shown_and_can_be_encoded():
    assert sanitize("\ud800x\udfff").encode() == "�x�".encode()


def test_text_is_escaped_inside_and_outside_colours():
    assert to_html("<b>\x1b[31m<i>&\"'") == '&lt;b&gt;<span class="ipar-red">&lt;i&gt;&amp;&#34;&#39;</span>'


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_hostile_megabyte_is_converted_in_linear_time(attack):
    """The time limit leaves room for a slow machine."""
    text = attack * (1_000_000 // len(attack))
    began = time.process_time()
    to_html(text)
    assert time.process_time() - began < 0.5


def test_one_line_joins_all_lines():
    assert one_line(" a\n\n b\r\nc\x85d\u2028e\tf ", 100) == "a ↵ b ↵ c ↵ d ↵ e f"


def test_a_long_line_notes_how_much_is_omitted():
    assert one_line("x" * 1_000_000, 10) == "x" * 10 + "… 999,990 characters left out"


def test_a_short_text_is_not_clipped():
    assert clip("abc", 2, 2) == ("abc", 0, "")


def test_clipping_keeps_both_ends_and_counts_the_omitted_characters():
    head, omitted, tail = clip("a" * 50 + "b" * 50, 10, 20)
    assert (head, omitted, tail) == ("a" * 10, 70, "b" * 20)


def test_clipping_prefers_line_ends():
    head, omitted, tail = clip("one\ntwo\n" + "x" * 90 + "\nthree\nfour", 7, 12)
    assert head == "one\n"
    assert tail == "three\nfour"
    assert omitted == len("two\n" + "x" * 90 + "\n")


@pytest.mark.parametrize("shift", range(8))
def test_clipping_never_splits_a_colour_code(shift):
    text = "\x1b[38;5;28mx" * 100 + "y" * shift
    head, _, tail = clip(text, 31, 40)
    assert set(text_of(to_html(head)) + text_of(to_html(tail))) <= {"x", "y"}


def luminance(colour):
    channels = [int(pair, 16) / 255 for pair in re.findall("..", colour)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("theme", "text", "surfaces"),
    [(0, "1f2328", ["ffffff", "f2f2f2"]), (1, "e4e7eb", ["111111", "1c1c1c", "16191d", "212429"])],
)
def test_every_colour_is_readable_on_every_highlight(theme, text, surfaces):
    """Contrast is at least 4.5 to 1 (WCAG AA) in both themes, for each combination of colours."""
    rule = r"\.ipar-((?:on-)?\w+) \{ (?:color|background): light-dark\(#(\w+), #(\w+)\)"
    shades = {name: pair[theme] for name, *pair in re.findall(rule, style.style_sheet())}
    behind = surfaces + [shade for name, shade in shades.items() if name.startswith("on-")]
    front = [text] + [shade for name, shade in shades.items() if not name.startswith("on-")]
    assert len(behind) == len(surfaces) + 7
    assert len(front) == 8
    assert min(contrast(a, b) for a in front for b in behind) >= 4.5

"""The table of tasks and the output of a running result in a real output area."""

import pytest
from test_labextension import card
from test_live import errors, load, run

pytestmark = [pytest.mark.browser, pytest.mark.cluster]
__all__ = ["errors"]  # a fixture

# A task waits for the gate after its first line of output: task 1 waits longest.
TALK = """\
def talk(path, i, text):
    from gate import hold
    print("begin", i)
    hold(path, i)
    print("end", i)
ar = view.map_async(talk, [{path!r}] * 8, range(8), ["<b>x</b>"] * 8)
ar"""


def test_a_table_is_sorted_by_keyboard_and_open_output_follows(lab_server, cluster, page, gate, errors):
    page.set_viewport_size({"width": 1200, "height": 2000})
    lab_server.open(page, "talk.ipynb", [load(cluster), TALK.format(path=gate.path)])
    run(lab_server, page, 0, 1)
    shown = card(lab_server, page, 1)
    folds = shown.locator(".ipar-folds")
    folds.get_by_text("Output").click()
    shown.locator(".ipar-output pre", has_text="begin 1").wait_for()
    gate.open(1)
    shown.locator(".ipar-output pre", has_text="end 0").wait_for()
    assert shown.locator(".ipar-output pre", has_text="end 1").count() == 0
    gate.open()
    shown.locator(".ipar-output pre", has_text="end 7").wait_for()  # nothing was clicked meanwhile
    folds.get_by_text("Tasks", exact=True).click()
    rows = shown.locator(".ipar-tasks tbody tr")
    rows.first.get_by_text("'<b>x</b>'").wait_for()
    shown.get_by_role("button", name="Task", exact=True).focus()
    for _ in range(4):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    shown.locator("th[aria-sort=descending]", has_text="Took").wait_for()
    assert rows.first.locator("td").first.inner_text() == "1"
    page.keyboard.press("Space")
    shown.locator("th[aria-sort=ascending]", has_text="Took").wait_for()
    assert rows.last.locator("td").first.inner_text() == "1"
    assert errors == []

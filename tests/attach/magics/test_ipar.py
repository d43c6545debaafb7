"""Line magic `%ipar` in a real IPython, on results fed by hand."""

import gc
import re

import pytest
from fakes import Client, Fed
from IPython.core.completer import provisionalcompleter
from IPython.core.error import UsageError

from ipar_results.attach.magics.ipar import ResultMagics
from ipar_results.results.registry import Registry
from ipar_results.results.tracker import Tracker


class Scene:
    """Session with results: `submit` makes one, `ipar` runs the magic."""

    def __init__(self, shell):
        self.shell, self.client, self.shown = shell, Client(), []
        self.registry = Registry()
        self.tracker = Tracker(self.registry.followed, lambda: None)
        self.magics = ResultMagics(shell, self.tracker)
        self.detach = self.magics.attach()

    def submit(self, n=2, name="f", variable=None):
        fed = Fed(n, chunks=[1] * n, client=self.client)
        fed.result._fname = name
        self.tracker.add_new(fed.result)
        if variable:
            self.shell.user_ns[variable] = fed.result
        return fed

    def ipar(self, line=""):
        self.shell.run_line_magic("ipar", line)

    def complete(self, line):
        with provisionalcompleter():
            found = list(self.shell.Completer.completions(line, len(line)))
        return [completion.text for completion in found]


@pytest.fixture
def scene(shell):
    scene = Scene(shell)
    yield scene
    scene.detach()
    scene.tracker.close()
    scene.registry.close()


def test_new_results_are_listed_at_once(scene, capsys):
    first, second = scene.submit(variable="ar"), scene.submit(3, "solve")
    first.reply(0)
    scene.ipar()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2 results · 2 going on"
    assert "1  ar" in lines[1] and "f: 1 of 2 · 1 ok" in lines[1]
    assert lines[2].startswith("2 ") and "solve: 0 of 3" in lines[2]
    assert second.result is not None


def test_list_is_the_default_and_shows_the_newest_twenty(scene, capsys):
    kept = [scene.submit() for _ in range(25)]
    scene.ipar()
    plain = capsys.readouterr().out
    scene.ipar("list")
    assert CLOCK.sub("", capsys.readouterr().out) == CLOCK.sub("", plain)
    assert plain.startswith("the newest 20 of 25 results") and len(plain.splitlines()) == 21
    scene.ipar("list --all")
    assert len(capsys.readouterr().out.splitlines()) == 26
    assert len(kept) == 25


def test_a_notebook_shows_text_and_html(shell, scene):
    shown = []
    magics = ResultMagics(shell, scene.tracker, shown.append)
    fed = scene.submit(name="<b>bold</b>")
    magics.ipar()
    (bundle,) = shown
    assert set(bundle) == {"text/plain", "text/html"}
    assert "&lt;b&gt;bold&lt;/b&gt;" in bundle["text/html"] and "<b>bold" not in bundle["text/html"]
    assert fed.result is not None


@pytest.mark.parametrize("how", ["{number}", "#{number}", "ar", "solve", ""])
def test_a_result_is_found_by_number_variable_name_or_as_the_newest(scene, tmp_path, capsys, how):
    other = scene.submit(name="other")
    fed = scene.submit(1, "solve", "ar")
    fed.reply(0)
    scene.ipar(f"csv {how.format(number=2)} {tmp_path}{'/tasks.csv' if how else '/'}")
    assert capsys.readouterr().out.startswith("solve (2): Saved ")
    (saved,) = tmp_path.glob("*.csv")
    assert len(saved.read_text().splitlines()) == 2
    assert other.result is not None


def test_a_variable_takes_precedence_over_a_name(scene, tmp_path, capsys):
    by_name, by_variable = scene.submit(1, "ar"), scene.submit(1, "solve", "ar")
    for fed in (by_name, by_variable):
        fed.reply(0)
    scene.ipar(f"csv ar {tmp_path}")
    assert capsys.readouterr().out.startswith("solve (2)")


def test_numbers_are_kept_when_older_results_are_forgotten(scene, capsys):
    for _ in range(250):
        fed = scene.submit(1)
        scene.tracker.catch_up()
        fed.reply(0)
        scene.tracker.round()
    del fed
    last = scene.submit(1, "last")
    scene.ipar()
    assert capsys.readouterr().out.splitlines()[-1].startswith("251")
    assert last.result is not None


@pytest.mark.parametrize("action, file", [("report", "x.html"), ("trace", "x.json"), ("csv", "x.csv")])
def test_a_file_is_replaced_only_with_overwrite(scene, tmp_path, action, file):
    fed = scene.submit(1)
    fed.reply(0)
    path = tmp_path / file
    path.write_text("mine")
    with pytest.raises(UsageError, match=r"exists already: .* --overwrite"):
        scene.ipar(f"{action} 1 {path}")
    assert path.read_text() == "mine"
    scene.ipar(f"{action} --overwrite {path}")
    assert path.read_text() != "mine"


def test_without_a_path_files_are_saved_in_the_current_folder(scene, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    fed = scene.submit(1, "a name/with\\signs")
    fed.reply(0)
    scene.ipar("report")
    scene.ipar("report")
    assert len(list(tmp_path.glob("a_name_with_signs-*.html"))) == 2
    assert capsys.readouterr().out.count("Saved") == 2


def test_a_path_may_contain_spaces(scene, tmp_path):
    fed = scene.submit(1)
    fed.reply(0)
    scene.ipar(f"csv 1 '{tmp_path}/two words.csv'")
    assert (tmp_path / "two words.csv").exists()


CLOCK = re.compile(r"\d\d:\d\d:\d\d")  # elapsed time, and the time of day
REFUSED = {
    "cancl": "no action 'cancl': did you mean cancel",
    "nonsense": "did you mean list, cancel, retry, report, trace, csv",
    "retry": r"say which result: %ipar retry 5 takes bad \(5\)",
    "list 3": "%ipar lists all results",
    "list --overwrite": "has no option --overwrite: it takes --all",
    "retry 1 --interrupt": "has no option --interrupt: it takes no options",
    "cancel 1 --wrong": "unrecognized arguments: --wrong",
    "cancel 1 2": "name one result at a time",
    "cancel 'x": "close every quotation mark",
    "cancel 9": "there is no result '9': %ipar lists them.*Known are ar, ended, bad, running, ok, f",
    "cancel unknown": "there is no result 'unknown'",
    "cancel f": "2 results are named 'f': say which by its number, 1, 2",
    "cancel ended": r"ok \(3\) has ended: there is nothing to cancel",
    "cancel running": r"running \(4\) has no task left in a queue: %ipar cancel 4 --interrupt",
    "retry ended": r"nothing of ok \(3\) failed",
    "retry 1": r"f \(1\) goes on: wait for its end, or %ipar cancel 1",
    "report 1": r"nothing of f \(1\) has ended yet",
    "report ended /no/such/folder/x.html": "there is no folder '/no/such/folder'",
}


@pytest.mark.parametrize("line", REFUSED)
def test_invalid_commands_are_refused_with_a_helpful_message(scene, line):
    first, second = scene.submit(variable="ar"), scene.submit()
    ended, running = scene.submit(1, "ok", "ended"), scene.submit(1, "running")
    ended.reply(0)
    scene.tracker.catch_up()
    running.busy(0)
    bad = scene.submit(1, "bad")
    bad.fail(0)
    with pytest.raises(UsageError, match=REFUSED[line]):
        scene.ipar(line)
    assert first.result is not second.result


@pytest.mark.parametrize("action", ["cancel", "retry", "report"])
def test_commands_without_any_results_are_refused(scene, action):
    with pytest.raises(UsageError, match="no results yet"):
        scene.ipar(action)


def test_a_command_on_a_dropped_result_is_refused_with_its_last_summary(scene):
    fed = scene.submit(1, "lost")
    scene.tracker.catch_up()
    fed.fail(0)
    scene.tracker.round()
    del fed
    gc.collect()
    with pytest.raises(UsageError, match=r"nothing holds lost \(1\) any more: keep .* It was lost failed"):
        scene.ipar("retry lost")


def test_actions_names_and_options_are_completed(scene):
    first, second = scene.submit(2, "solve", "job"), scene.submit(1, "done")
    second.reply(0)
    assert set(scene.complete("%ipar ")) >= {"list", "cancel", "retry", "report", "trace", "csv"}
    assert scene.complete("%ipar ca") == ["cancel"]
    assert scene.complete("ipar re") == ["retry", "report"]
    assert scene.complete("%ipar cancel jo") == ["job"]
    assert "--interrupt" in scene.complete("%ipar cancel --")  # besides the completions of IPython
    assert "done" not in scene.complete("%ipar cancel do")
    assert "done" in scene.complete("%ipar report do")
    assert "--overwrite" in scene.complete("%ipar report --o")
    assert first.result is not None


def test_detaching_restores_a_magic_of_the_same_name(shell):
    def mine(line):
        return f"mine: {line}"

    magics, dispatchers = shell.magics_manager.magics["line"], shell.strdispatchers
    shell.register_magic_function(mine, magic_name="ipar")
    shell.set_hook("complete_command", lambda self, event: ["mine"], str_key="%ipar")
    before = magics["ipar"], list(dispatchers["complete_command"].strs["%ipar"].chain)
    tracker = Tracker(lambda result: None, lambda: None)
    detach = ResultMagics(shell, tracker).attach()
    assert magics["ipar"] is not mine
    detach()
    detach()
    assert (magics["ipar"], dispatchers["complete_command"].strs["%ipar"].chain) == before
    assert shell.run_line_magic("ipar", "x") == "mine: x"


def test_detaching_keeps_a_magic_that_the_user_has_defined_meanwhile(shell):
    detach = ResultMagics(shell, Tracker(lambda result: None, lambda: None)).attach()
    shell.register_magic_function(print, magic_name="ipar")
    detach()
    assert shell.magics_manager.magics["line"]["ipar"] is print
    assert "%ipar" not in shell.strdispatchers["complete_command"].strs


@pytest.mark.parametrize("line", ["--help", "-h", "cancel --help"])
def test_help_lists_the_actions(scene, capsys, line):
    scene.ipar(line)
    printed = capsys.readouterr().out
    assert all(f"%ipar {action}" in printed for action in ("cancel", "retry", "report", "trace", "csv"))


def test_check_prints_what_works_here_and_takes_no_name(scene, capsys):
    scene.ipar("check")
    assert capsys.readouterr().out.splitlines()[0].startswith("ipar_results ")
    with pytest.raises(UsageError, match="check takes no name, got 'ar'"):
        scene.magics.ipar("check ar")
    assert "check" in scene.complete("%ipar ch")[0]

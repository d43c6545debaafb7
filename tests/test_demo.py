"""`make demo`, in JupyterLab and headless: it works on copies and leaves no trace outside of build/."""

import json
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import nbformat
import psutil
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))
from copy_notebooks import copy_notebooks  # noqa: E402
from first_run import clone_checkout, environment, list_traces  # noqa: E402

has_checkout = shutil.which("make") and shutil.which("git") and (ROOT / ".git").exists()
needs_make = pytest.mark.skipif(
    sys.platform == "win32" or not has_checkout, reason="needs make and a git checkout"
)


def is_installed(checkout):
    """Whether `make demo` would install nothing."""
    return subprocess.run(["make", "-q", ".venv/demo.stamp"], cwd=checkout).returncode == 0


@pytest.fixture
def clone(tmp_path):
    """A clone of the checkout that shares its .venv, so that nothing is installed."""
    if not is_installed(ROOT):
        pytest.skip("make would install packages during the tests")
    clone = tmp_path / "clone"
    clone_checkout(clone)
    (clone / ".venv").symlink_to(ROOT / ".venv")
    (clone / ".git" / "info" / "exclude").write_text(".venv\n")
    assert is_installed(clone)
    return clone


@pytest.fixture
def home(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    return home


def run_headless(clone, home):
    env = {**environment(home), "HEADLESS": "1"}
    return subprocess.run(["make", "demo"], cwd=clone, env=env, capture_output=True, text=True)


@needs_make
@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_a_headless_demo_runs_the_tour_and_leaves_no_trace(clone, home):
    demo = run_headless(clone, home)
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert 'class="ipar-' in (clone / "build" / "headless" / "tour.html").read_text(encoding="utf-8")
    assert list_traces(clone, home) == []


@needs_make
def test_a_headless_demo_fails_if_a_cell_fails(clone, home):
    card = "from IPython.display import HTML\nHTML('<i class=\"ipar-card\"></i>')"
    cells = [nbformat.v4.new_code_cell(code) for code in (card, "1 / 0", "2 + 2")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), clone / "notebooks" / "tour.ipynb")
    demo = run_headless(clone, home)
    assert demo.returncode != 0
    assert "3 of 3 cells ran" in demo.stdout
    assert [line for line in demo.stderr.splitlines() if line.startswith("  ")] == [
        "  cell 2 failed: ZeroDivisionError: division by zero"
    ]


@needs_make
def test_make_demo_opens_a_copy_of_the_tour_in_jupyterlab_and_leaves_no_trace(clone, home, tmp_path, until):
    opened, browser, output = tmp_path / "opened", tmp_path / "browser", tmp_path / "output"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o755)
    with output.open("w") as stream:
        demo = subprocess.Popen(
            ["make", "demo"],
            cwd=clone,
            env={**environment(home), "BROWSER": f"{browser} %s"},
            stdout=stream,
            stderr=stream,
        )
    try:
        until(lambda: (opened.exists() and opened.stat().st_size) or demo.poll() is not None)
        assert demo.poll() is None, output.read_text()
        # a page that redirects to the server, so that the token is not on a command line
        page = Path(opened.read_text().strip().removeprefix("file://")).read_text()
        url = re.search(r'href="(http[^"]*/lab/tree/tour\.ipynb[^"]*)"', page)[1].replace("&amp;", "&")
        until(lambda: url in output.read_text())  # for users without a browser on this machine
        with urllib.request.urlopen(url, timeout=60) as reply:
            assert reply.status == 200 and b"jupyter-config-data" in reply.read()
        edit_first_cell(url.replace("/lab/tree/", "/api/contents/"))
    finally:
        processes = [*psutil.Process(demo.pid).children(recursive=True), demo]
        for process in processes:
            process.send_signal(signal.SIGTERM)
        demo.wait(30)
    assert "edited" in (clone / "build" / "demo" / "tour.ipynb").read_text(encoding="utf-8")
    assert list_traces(clone, home) == []


def edit_first_cell(url):
    """Save the notebook at `url` as JupyterLab does."""
    with urllib.request.urlopen(url, timeout=60) as reply:
        model = json.load(reply)
    model["content"]["cells"][0]["source"] = "edited"
    request = urllib.request.Request(url, json.dumps(model).encode(), method="PUT")
    with urllib.request.urlopen(request, timeout=60) as reply:
        assert reply.status == 200


def test_an_edited_copy_of_a_notebook_is_kept_when_the_notebook_is_updated(tmp_path):
    notebooks, copies, copied = (tmp_path / name for name in ("notebooks", "copies", "copied"))
    notebooks.mkdir()
    tour, copy = notebooks / "tour.ipynb", copies / "tour.ipynb"
    tour.write_text("first version")
    assert copy_notebooks(notebooks, copies, copied) == {}

    tour.write_text("second version")
    assert copy_notebooks(notebooks, copies, copied) == {}
    assert copy.read_text() == "second version"

    copy.write_text("edited")
    assert copy_notebooks(notebooks, copies, copied) == {}
    assert copy.read_text() == "edited"

    tour.write_text("third version")
    assert copy_notebooks(notebooks, copies, copied) == {"tour.ipynb": "tour-mine-1.ipynb"}
    assert copy.read_text() == "third version"
    assert (copies / "tour-mine-1.ipynb").read_text() == "edited"

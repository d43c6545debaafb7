"""Every example in README and docs runs in a real kernel with real engines, and prints what the page says."""

import os
import re
import sys
import textwrap
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)
CELL = re.compile(r"\n\n(?=# )")  # in README a comment at the margin begins a new cell
SETTING = re.compile(r"^c\.(\w+)\.(\w+) = ", re.MULTILINE)
HOMES = (
    "ipar_results.config",
    "ipyparallel.cluster.cluster",
    "ipyparallel.cluster.launcher",
    "ipyparallel.controller.app",
    "ipyparallel.controller.dictdb",
    "IPython.core.shellapp",
)
CARD = "application/vnd.ipar-results.v1+json"
CLEAR = "%reset -f\nimport ipar_results\nipar_results.enable()\ndel ipar_results\n"
VIEW = "view = rc.load_balanced_view()\n"
PROSE = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# a code span that is a path, except what is built, installed, or the user's own
PATH = re.compile(
    r"(?<!`)`(?!(?:build|dist|share)/|\w+_config\.py)(\w[\w.-]*(?:/[\w.*-]+)+/?|\w+/|\w+\.(?:py|ts))`(?!`)"
)
# a page may leave out the first part of a path
SOURCES = (ROOT, ROOT / "ipar_results", ROOT / "labextension" / "src")


class Block(NamedTuple):
    """An example, and what the page says that it prints."""

    line: int
    code: str
    printed: str | None


def blocks(page):
    text = page.read_text(encoding="utf-8")
    return [Block(text.count("\n", 0, m.start()) + 2, m[1], m[2]) for m in BLOCK.finditer(text)]


sys.path.insert(0, str(ROOT / "tests" / "cluster"))
from kernels import Kernel, connect  # noqa: E402

PAGES = [page for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))) if blocks(page)]
named = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def kernel(jupyter_dirs, tmp_path_factory):
    """One kernel for all pages, in a directory of its own; each page begins with nothing defined."""
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("docs"))
    try:
        kernel = Kernel()
    finally:
        os.chdir(before)
    yield kernel
    kernel.close()


@named
@pytest.mark.cluster
def test_the_examples_run_and_print_what_the_page_says(path, kernel, cluster, until):
    kernel.run(f"{CLEAR}{connect(cluster)}{VIEW}")
    for block in blocks(path):
        if SETTING.search(block.code):
            continue
        cells = CELL.split(block.code) if path.stem == "README" else [block.code]
        printed = "".join(output(kernel, cell, f"{path.name}, line {block.line}", until) for cell in cells)
        if block.printed is not None:
            assert printed.split() == block.printed.split(), f"{path.name}, line {block.line}"
    kernel.run("if 'cluster' in globals(): cluster.stop_cluster_sync()")  # a page may start one of its own


def output(kernel, code, where, until):
    """Run a cell, see that it has no error and shows a card where it ends with a result; what it printed."""
    try:
        cell = kernel.run(code)
    except AssertionError as error:
        raise AssertionError(f"{where}: {error}") from error
    if code.rstrip().endswith("\nar"):
        until(lambda: any(CARD in m["content"].get("data", {}) for _, m in kernel.of(cell)), message=where)
    return kernel.text(cell)


@named
def test_the_settings_that_a_page_names_exist(path):
    for block in blocks(path):
        for name, trait in SETTING.findall(block.code):
            found = [getattr(import_module(home), name, None) for home in HOMES]
            assert any(kind and trait in kind.class_trait_names(config=True) for kind in found), (name, trait)
            compile(textwrap.dedent(block.code), f"{path.name}:{block.line}", "exec")


def test_every_page_is_found_and_none_of_its_links_leads_nowhere():
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#\s]+)\)|(?:src|srcset)=\"([^\"]+)\"", page.read_text("utf-8")):
            link = target[0] or target[1]
            assert link.startswith("https://") or (page.parent / link).exists(), f"{page.name}: {link}"


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.stem)
def test_the_files_and_folders_that_a_page_names_exist(path):
    named = PATH.findall(path.read_text("utf-8"))
    assert [name for name in named if not any(any(folder.glob(name)) for folder in SOURCES)] == []

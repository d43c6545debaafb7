"""Every example in README and docs runs in a real kernel with real engines, and prints what the page says."""

import os
import re
import subprocess
import sys
import textwrap
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest
from traitlets.config import Config

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)
CELL = re.compile(r"\n\n(?=# )")  # in README a comment at the margin begins a new cell
SETTING = re.compile(r"^c\.(\w+)\.(\w+) = ", re.MULTILINE)
INLINE_SETTING = re.compile(r"`(c\.\w+\.\w+ = [^`]+)`")
SHELL = re.compile(r"^```\n(pip .*?)^```\n", re.DOTALL | re.MULTILINE)
PIP = """pip() { for target; do [ "$before" = --target ] && break; before=$target; done
mkdir -p "$target/share/jupyter/labextensions/ipar-results" && echo {} > "$_/package.json"; }
"""  # installs as little as the commands after it need
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
        code = block.code.replace("n=128", "n=1")  # so many engines only a batch system starts
        cells = CELL.split(code) if path.stem == "README" else [code]
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


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.stem)
def test_the_settings_on_a_page_are_loaded_by_the_classes_that_read_them(path):
    inline = INLINE_SETTING.findall(path.read_text("utf-8"))
    for code in [*inline, *(block.code for block in blocks(path) if SETTING.search(block.code))]:
        config = Config()
        exec(textwrap.dedent(code), {"c": config})
        for name, trait in SETTING.findall(code):
            (kind,) = {kind for home in HOMES if (kind := getattr(import_module(home), name, None))}
            assert trait in kind.class_trait_names(config=True), (name, trait)
            set_to = getattr(kind(config=config), trait)
            value = config[name][trait]
            # a launcher is named by its entry point
            assert set_to == value or value.lower() in set_to.__name__.lower(), (name, trait)
            if trait == "batch_template":
                cut = value.format(cluster_id="id", n=4, program_and_args="ipengine", output_file="log")
                assert re.search(r"^#(SBATCH --ntasks=|\$ -t 1-)4$", cut, re.MULTILINE), cut
                assert cut.endswith("ipengine\n"), cut


def test_the_shell_commands_on_the_page_of_clusters_run(tmp_path):
    (commands,) = SHELL.findall((ROOT / "docs" / "hpc.md").read_text("utf-8"))
    commands = commands.replace("/tmp/ipar", str(tmp_path / "ipar"))
    subprocess.run(
        ["bash", "-ec", PIP + commands], env={**os.environ, "HOME": str(tmp_path)}, check=True, timeout=60
    )
    copied = tmp_path / ".local/share/jupyter/labextensions/ipar-results/package.json"
    assert copied.exists()


def test_every_page_is_found_and_none_of_its_links_leads_nowhere():
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#\s]+)\)|(?:src|srcset)=\"([^\"]+)\"", page.read_text("utf-8")):
            link = target[0] or target[1]
            assert link.startswith("https://") or (page.parent / link).exists(), f"{page.name}: {link}"


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.stem)
def test_the_files_and_folders_that_a_page_names_exist(path):
    named = PATH.findall(path.read_text("utf-8"))
    assert [name for name in named if not any(any(folder.glob(name)) for folder in SOURCES)] == []

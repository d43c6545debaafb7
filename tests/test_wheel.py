"""The wheel, built where no Node is: what it holds, and that Jupyter finds its labextension."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from email import message_from_bytes
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
MOST_BYTES = 400_000
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def wheel(request):
    path = request.config.getoption("--wheel")
    if path is None:
        pytest.skip("give --wheel, as `make test-wheel` does")
    return Path(path)


@pytest.fixture(scope="module")
def labextension(wheel):
    """The files of the labextension by their names."""
    with zipfile.ZipFile(wheel) as archive:
        where = re.compile(r"[^/]+\.data/data/share/jupyter/labextensions/ipar-results/(.+)")
        return {
            match[1]: archive.read(name) for name in archive.namelist() if (match := where.fullmatch(name))
        }


def test_it_is_small(wheel):
    assert wheel.stat().st_size < MOST_BYTES


def test_it_holds_the_labextension_with_the_code_that_its_description_names(labextension):
    described = json.loads(labextension["package.json"])
    built = described["jupyterlab"]["_build"]
    assert len(labextension[built["load"]]) > 1_000
    assert json.loads(labextension["install.json"])["packageName"] == "ipar_results"
    assert labextension["schemas/ipar-results/plugin.json"]
    assert b".ipar-result" in b"".join(data for name, data in labextension.items() if name.endswith(".js"))


def test_it_holds_the_package_and_nothing_that_only_we_need(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    top = {PurePosixPath(name).parts[0] for name in names}
    assert {re.sub(r"-[^-]*\.(data|dist-info)$", r".\1", name) for name in top} == {
        "ipar_results",
        "ipar_results.data",
        "ipar_results.dist-info",
    }
    assert {"ipar_results/py.typed", "ipar_results/render/style.css"} <= set(names)
    assert not [name for name in names if re.search(r"node_modules|\.map$|\.tsx?$|__pycache__", name)]


def test_its_description_has_only_absolute_links_and_its_pictures_are_in_the_sources(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = message_from_bytes(archive.read(name))
    urls = dict(each.split(", ", 1) for each in metadata.get_all("Project-URL"))
    at = f"{urls['Source']}/raw/v{metadata['Version']}/"
    text = metadata.get_payload()
    addresses = re.findall(r'\b(?:src|srcset)="([^"]*)"|\]\(([^)\s]+)\)', text)
    found = [picture or link for picture, link in addresses]
    assert len(found) > 10
    assert [each for each in found if not each.startswith("https://")] == []
    pictures = [each.removeprefix(at) for each, _ in addresses if each]
    assert pictures
    assert [each for each in pictures if not (ROOT / each).is_file()] == []


def test_jupyter_lists_its_labextension_as_enabled_and_ok(wheel, tmp_path):
    """In an environment that got the wheel and borrows all else."""
    home = tmp_path / "environment"
    python = home / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
    ]
    subprocess.run([*install, wheel], check=True)
    packages = sysconfig.get_path("purelib")
    borrow = {**os.environ, "PYTHONPATH": packages, "JUPYTER_PATH": ""}
    command = [python, "-m", "jupyterlab.labextensions", "list"]
    done = subprocess.run(command, env=borrow, capture_output=True, text=True, timeout=120)
    said = ESCAPES.sub("", done.stdout + done.stderr)
    assert done.returncode == 0, said
    assert str(home / "share" / "jupyter" / "labextensions") in said
    assert re.search(r"\bipar-results v\S+ enabled OK \(python, ipar_results\)", said), said

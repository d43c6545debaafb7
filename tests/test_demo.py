"""`make demo` opens the tour in JupyterLab; without a browser it is what CI runs at its end."""

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or shutil.which("make") is None, reason="there is no make here"
)


def test_make_demo_opens_the_tour_in_jupyterlab(tmp_path, until):
    if subprocess.run(["make", "-q", ".venv/demo.stamp"], cwd=ROOT, capture_output=True).returncode:
        pytest.skip("make would install anew, in the middle of the tests")
    opened, browser = tmp_path / "opened", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o755)
    made = {"HEADLESS", "MAKEFLAGS", "MFLAGS", "MAKELEVEL"}
    environment = {key: value for key, value in os.environ.items() if key not in made}
    with (tmp_path / "said").open("w") as said:
        demo = subprocess.Popen(
            ["make", "demo"],
            cwd=ROOT,
            env={**environment, "BROWSER": f"{browser} %s"},
            stdout=said,
            stderr=said,
        )
    try:
        until(lambda: (opened.exists() and opened.stat().st_size) or demo.poll() is not None)
        assert demo.poll() is None, (tmp_path / "said").read_text()
        # a page that leads on to the server, with the token that nobody else may see
        page = Path(opened.read_text().strip().removeprefix("file://")).read_text()
        url = re.search(r'href="(http[^"]*/lab/tree/tour\.ipynb[^"]*)"', page)[1].replace("&amp;", "&")
        with urllib.request.urlopen(url, timeout=60) as answer:
            assert answer.status == 200 and b"jupyter-config-data" in answer.read()
        with urllib.request.urlopen(url.replace("/lab/tree/", "/api/contents/"), timeout=60) as answer:
            assert b"%load_ext ipar_results" in answer.read()
    finally:
        processes = [*psutil.Process(demo.pid).children(recursive=True), demo]
        for process in processes:
            process.send_signal(signal.SIGTERM)
        demo.wait(30)

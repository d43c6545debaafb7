"""A browser for the scenes that need one, without pytest around it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from play import ROOT, NotPossibleError
from playwright.sync_api import sync_playwright

sys.path.append(str(ROOT / "tests" / "browser"))

import conftest as browser


@contextmanager
def open_browser() -> Iterator[Any]:
    """Open a page in the system's Chromium, which leaves the user's own settings alone."""
    executable = browser.chromium()
    if executable is None:
        raise NotPossibleError("there is no Chromium or Chrome on PATH")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home, sync_playwright() as playwright:
        variables = {"XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home}
        chromium = playwright.chromium.launch(
            executable_path=executable, args=browser.BROWSER_FLAGS, env=variables
        )
        page = chromium.new_page(viewport={"width": 1200, "height": 1400})
        try:
            yield page
        except Exception as error:
            raise AssertionError(f"{error}\nthe page:\n{page.inner_text('body')[-3000:]}") from error
        finally:
            chromium.close()


def address_of(server: subprocess.Popen[bytes], folder: Path) -> str:
    """Where a Jupyter server listens: it takes a free port itself, or another one could take it meanwhile."""
    return str(browser.server_address(server, folder / "runtime", folder / "server.log", timeout=90))


def wait_served(address: str, server: subprocess.Popen[bytes], log: Path, timeout: float = 90) -> None:
    """Wait until a server accepts connections; any answer but a page that takes long will do."""
    deadline = time.monotonic() + timeout
    while True:
        assert server.poll() is None, f"the server ended:\n{log.read_text()[-3000:]}"
        try:
            urllib.request.urlopen(address + "voila/static/none", timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            assert time.monotonic() < deadline, f"nothing listens:\n{log.read_text()[-3000:]}"
            time.sleep(0.2)
        else:
            return

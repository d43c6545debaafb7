"""Voila: a dashboard, whose page opens after the cells have run, while the work goes on."""

import re
import socket
from pathlib import Path

from browsing import open_browser, wait_served
from play import CONNECT, LOAD, SUBMIT, WORK, Environment, NotPossibleError, cluster, process, write_notebook

SLOW = WORK.replace("sleep(0.1)", "sleep(0.6)")
PLACED = "from ipar_results import ResultWidget\nResultWidget(ar, layout={'border': '1px solid'})"
CARD = ".ipar-card"


def scene(environment: Environment, folder: Path) -> str:
    """A displayed result and a widget that the dashboard placed both move, and end in the truth."""
    program = environment.program("voila")
    if program is None:
        raise NotPossibleError("Voila is not in this environment")
    path = write_notebook(folder / "work.ipynb", (LOAD, CONNECT, SLOW, SUBMIT, PLACED))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, path.name, "--no-browser", f"--port={port}"]
    with cluster(environment, folder), process(command, folder, "voila.log") as voila, open_browser() as page:
        address = f"http://127.0.0.1:{port}/"
        wait_served(address, voila, folder / "voila.log")
        page.goto(address, timeout=120_000)
        cards = page.locator(CARD)
        page.wait_for_function(
            f"document.querySelectorAll('{CARD} [role=progressbar]').length === 2", timeout=90_000
        )
        seen = []
        for number in range(2):
            bar = cards.nth(number).get_by_role("progressbar")
            before = int(bar.get_attribute("aria-valuenow") or 0)
            assert before < 40, f"card {number} was drawn after the end: {before}"
            moved = f"""([number, before]) => Number(document.querySelectorAll('{CARD}')[number]
                .querySelector('[role=progressbar]').ariaValueNow) > before"""
            page.wait_for_function(moved, arg=[number, before], timeout=60_000)
            seen.append(before)
        page.wait_for_function("document.body.innerText.match(/39 ok/g)?.length === 2", timeout=60_000)
        text = page.inner_text("body")
        assert len(re.findall("1 failed", text)) >= 2, text
        assert "not found" not in text and "Loading widget" not in text, text
    return f"two cards moved on from {seen} and ended with 39 ok and 1 failed"

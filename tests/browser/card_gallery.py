"""Pictures and frame times of JupyterLab's card: ``python tests/browser/card_gallery.py FOLDER``."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from gallery import CHROMIUM, FLAGS, LAB
from playwright.sync_api import Browser, Page, sync_playwright

LABEXTENSION = Path(__file__).parents[2] / "labextension"
SHEETS = {
    "live": ["running", "failed", "done", "wasted", "queued", "aborted", "chunked"],
    "still": ["lost", "disconnected", "unloaded", "saved", "savedDone"],
    "small": ["one", "oneFailed", "oneRunning", "empty"],
    "big": ["tasks10k", "tasks100k", "sampled", "engines48", "engines1024"],
    "hostile": ["hostile"],
    "open": ["running"],
    "open-saved": ["savedDone"],
    "open-many": ["engines1024"],
    "open-hostile": ["hostile"],
}
FRAMES = 120


def main(folder: Path) -> None:
    """Build the page, photograph every sheet, measure, and say what sticks out of its card."""
    build(folder)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        for scheme in ("light", "dark"):
            for width in (740, 360):
                page = browser.new_page(
                    device_scale_factor=1.5, viewport={"width": width + 20, "height": 2600}
                )
                load(page, folder, scheme)
                for name, scenes in SHEETS.items():
                    photograph(page, folder / f"{name}-{scheme}-{width}.png", scenes, width)
                page.close()
        frames(browser, folder)
        browser.close()


def build(folder: Path) -> None:
    """Bundle the page into a folder; Node is looked for on PATH and beside this Python."""
    folder.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.executable).parent)])
    node = shutil.which("node", path=path) or "node"
    subprocess.run([node, "test/gallery/build.mjs", str(folder.resolve())], cwd=LABEXTENSION, check=True)


def frames(browser: Browser, folder: Path) -> None:
    """Pan large timelines, scroll a long panel, and print how far apart the frames were."""
    page = browser.new_page(device_scale_factor=2, viewport={"width": 760, "height": 500})
    load(page, folder, "light")
    for scene, goal in (("tasks10k", 16.7), ("tasks100k", 20.0), ("engines1024", 20.0), ("million", 20.0)):
        measure(page, scene, goal)
    tell("panel of 10,000 results, frames", page.evaluate("gallery.scroll(10_000, 120)"), 16.7)
    page.close()


def load(page: Page, folder: Path, scheme: str) -> None:
    """An empty page with JupyterLab's colours and our script and style."""
    page.on("pageerror", lambda error: print("page error:", error))
    ground = "white" if scheme == "light" else "#111"
    light = str(scheme == "light").lower()
    page.set_content(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Cards</title>'
        f'<body data-jp-theme-light="{light}" style="{LAB[scheme]};background:{ground}">'
    )
    page.add_style_tag(path=folder / "gallery.css")
    page.add_script_tag(path=folder / "gallery.js")


def photograph(page: Page, path: Path, scenes: list[str], width: int) -> None:
    """Save a picture of some cards and name those that are wider than they should be."""
    page.evaluate("([names, width]) => gallery.show(names, width)", [scenes, width])
    if path.name.startswith("open"):
        page.evaluate("gallery.unfold()")
    page.wait_for_timeout(300)
    wide = page.evaluate(
        "[...document.querySelectorAll('.ipar-result')]"
        ".filter(card => card.scrollWidth > card.clientWidth).map(card => card.dataset.scene)"
    )
    page.screenshot(path=path, full_page=True)
    print(path.name, f"overflow: {wide}" if wide else "")


def measure(page: Page, scene: str, goal: float) -> None:
    """Pan one card and print how long a picture took and how far apart the frames were."""
    page.evaluate("name => gallery.show([name], 720)", scene)
    page.wait_for_timeout(500)
    timing = page.evaluate("frames => gallery.measure(frames)", FRAMES)
    for name, values in timing.items():
        tell(f"{scene}, {name}", values, goal)


def tell(what: str, values: list[float], goal: float) -> None:
    """Print how milliseconds are distributed, and what the median should not exceed."""
    ordered = sorted(values)
    p95 = ordered[int(0.95 * (len(ordered) - 1))]
    middle, most = statistics.median(ordered), ordered[-1]
    print(f"  {what:36s} median {middle:6.1f} ms   p95 {p95:6.1f}   most {most:6.1f}   goal median <= {goal}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

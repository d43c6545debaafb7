"""Make the pictures of the documentation from a real run: `make pictures`.

JupyterLab, eight local engines and a map whose card is photographed while it runs and when it has ended.
"""

import os
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "browser"))

import conftest as browser  # noqa: E402

SET_UP = """\
%load_ext ipar_results
import logging, ipyparallel as ipp
cluster = ipp.Cluster(n=8, log_level=logging.ERROR)
rc = cluster.start_and_connect_sync()
view = rc.load_balanced_view()
"""
MAP = """\
def simulate(n):
    import random, time
    if n % 70 == 45:
        raise ValueError("grid of 0 cells cannot be solved")
    if n % 150 == 133:
        raise TimeoutError("no answer after 5 s")
    if n % 40 == 12:
        print(f"grid {n}: converged after {n % 17 + 3} steps")
    time.sleep(random.uniform(0.1, 0.3))
    return n

ar = view.map_async(simulate, range(600))
ar
"""
STOP = "rc.close(); cluster.stop_cluster_sync()"
DARK = "window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })"
PANEL = "window.jupyterapp.commands.execute('ipar-results:open-panel')"


def main(folder: Path) -> None:
    """Write card.png, ended.png and panel.png, each also as …-dark.png."""
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        root = Path(temporary)
        for name in ("CONFIG", "DATA", "RUNTIME"):
            os.environ[f"JUPYTER_{name}_DIR"] = str(root / name.lower())
        os.environ["IPYTHONDIR"] = str(root / "ipython")
        chromium = playwright.chromium.launch(executable_path=browser.chromium(), args=browser.BROWSER_FLAGS)
        with browser.running_server("lab", root, root / "runtime") as server:
            for suffix, theme in (("", None), ("-dark", DARK)):
                page = chromium.new_page(viewport={"width": 1180, "height": 1400}, device_scale_factor=2)
                photograph(server, page, theme, folder, suffix)
        chromium.close()


def photograph(server: "browser.JupyterServer", page, theme: str | None, folder: Path, suffix: str) -> None:
    """Run the map in one theme and take both pictures."""
    server.open(page, f"run{suffix}.ipynb", [SET_UP, MAP, STOP])
    if theme:
        page.evaluate(theme)
    server.run(page, 0)
    server.wait_ran(page, 0, 120)
    server.run(page, 1)
    card = server.output(page, 1).locator(".ipar-result").first
    half = "() => Number(document.querySelector('.ipar-result [role=progressbar]')?.ariaValueNow) > 240"
    page.wait_for_function(half, timeout=120_000)
    card.screenshot(path=folder / f"card{suffix}.png")
    page.wait_for_function(
        "() => document.querySelector('.ipar-result [aria-valuenow=\"600\"]')", timeout=120_000
    )
    card.get_by_role("button", name="Retry failed").wait_for()
    card.locator(".ipar-folds").get_by_text("Engines").click()
    page.mouse.move(0, 0)
    card.screenshot(path=folder / f"ended{suffix}.png")
    page.evaluate(PANEL)
    page.locator(".ipar-panel").wait_for()
    box = page.locator(".ipar-panel").bounding_box()
    page.screenshot(path=folder / f"panel{suffix}.png", clip={**box, "height": 180})
    server.run(page, 2)
    server.wait_ran(page, 2, 60)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs")

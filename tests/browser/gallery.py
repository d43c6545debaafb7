"""Pictures of every sample in every theme and width: ``python tests/browser/gallery.py FOLDER``."""

from __future__ import annotations

import re
import sys
from html import escape
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.append(str(Path(__file__).parents[1]))

import samples

from ipar_results.render import html

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
LAB = {
    "light": (
        "--jp-layout-color0:white;--jp-border-color2:#e0e0e0;--jp-ui-font-color1:rgba(0,0,0,.87);"
        "--jp-ui-font-color2:rgba(0,0,0,.54);--jp-success-color1:#388e3c;--jp-error-color1:#d32f2f;"
        "--jp-brand-color1:#1976d2"
    ),
    "dark": (
        "--jp-layout-color0:#111;--jp-border-color2:#424242;--jp-ui-font-color1:rgba(255,255,255,.87);"
        "--jp-ui-font-color2:rgba(255,255,255,.54);--jp-success-color1:#4caf50;--jp-error-color1:#f44336;"
        "--jp-brand-color1:#2196f3"
    ),
}


def page_of(cards: list[str], width: int, body: str) -> str:
    """One page that stacks cards in a column of the given width, in CSS pixels."""
    column = "".join(f'<div style="margin:0 0 14px">{card}</div>' for card in cards)
    return f'<!doctype html><meta charset="utf-8"><body {body}><div style="width:{width}px">{column}</div>'


def main(folder: Path) -> None:
    """Render, photograph and report what sticks out of its card."""
    folder.mkdir(parents=True, exist_ok=True)
    cards = {name: html.card(snapshot) for name, snapshot in samples.ALL.items()}
    hostile = [html.card(samples.poisoned(samples.running, text)) for text in samples.HOSTILE]
    chosen = [cards[name] for name in cards if name != "many_engines"]
    opened = [
        cards[name].replace("<details", "<details open")
        for name in ("running", "one_failed", "lost", "many_engines")
    ]
    bare = [re.sub(r"<style>.*?</style>", "", card, flags=re.S) for card in (*chosen[:2], *opened[:2])]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        for scheme in ("light", "dark"):
            page = browser.new_page(color_scheme=scheme, device_scale_factor=1.5)
            ground = f'style="background:{"white" if scheme == "light" else "#111417"}"'
            other = "dark" if scheme == "light" else "light"
            lab = f'data-jp-theme-light="{str(other == "light").lower()}" style="{escape(LAB[other])}'
            lab += f';background:{"white" if other == "light" else "#111"}"'
            shots = {
                f"os-{scheme}": (chosen, 760, ground),
                f"os-{scheme}-open": (opened, 760, ground),
                f"os-{scheme}-narrow": (chosen + opened[:1], 340, ground),
                f"lab-{other}-on-{scheme}-os": (chosen[:3] + opened, 760, lab),
                f"bare-{scheme}": (bare, 760, 'style="background:white"'),
                f"hostile-{scheme}": (hostile, 760, ground),
            }
            for name, (shown, width, body) in shots.items():
                photograph(page, folder / f"{name}.png", page_of(shown, width, body), width)
        browser.close()


def photograph(page: Page, path: Path, source: str, width: int) -> None:
    """Save a picture of one page and say so where a card is wider than its column."""
    page.set_viewport_size({"width": width + 20, "height": 600})
    page.set_content(source)
    wide = page.evaluate(
        "[...document.querySelectorAll('.ipar-card')].filter(c => c.scrollWidth > c.clientWidth).length"
    )
    page.screenshot(path=path, full_page=True)
    print(f"{path.name}: {wide} cards overflow" if wide else path.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

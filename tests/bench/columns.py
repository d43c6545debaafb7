"""Columns of a message as binary buffers, in base64 and as JSON numbers: `python tests/bench/columns.py`.

One update of a thousand rows, made and sent by a real jupyter_client session over a socket, and read in
Chromium as JupyterLab reads a message. A kernel gateway does not forward binary buffers, so the product sends
base64. The forms take turns, and the ratios are those of one run.
"""

from __future__ import annotations

import base64
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import zmq
from jupyter_client.session import Session
from playwright.sync_api import sync_playwright

from ipar_results.live.channel.encoders import encode_columns
from ipar_results.live.channel.update_queue import MAX_MESSAGE_BYTES

sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))
from conftest import BROWSER_FLAGS, chromium

ROWS, ROUNDS, TURN = 1_000, 200, 10
KINDS = ("<u4", "<f4", "<f4", "<u2", "u1")  # position, start, duration, slot, status
READ = """([form, text, binary, times]) => {
    const bytes = text => {
        const encoded = atob(text), all = new Uint8Array(encoded.length);
        for (let at = 0; at < all.length; at++) all[at] = encoded.charCodeAt(at);
        return all;
    };
    const kinds = [Uint32Array, Float32Array, Float32Array, Uint16Array, Uint8Array];
    const sliced = (whole, count) => {
        let end = 0;
        return kinds.map(kind => new kind(whole.slice(end, end += kind.BYTES_PER_ELEMENT * count).buffer));
    };
    const buffer = bytes(binary);
    const readers = {
        binary: ({ count }) => sliced(buffer, count),
        base64: rows => { const whole = bytes(rows); return sliced(whole, whole.length / 15); },
        json: rows => rows.map((values, n) => kinds[n].from(values, value => value ?? NaN))
    };
    const took = [];
    for (let n = 0; n < times; n++) {
        const before = performance.now();
        const columns = readers[form](JSON.parse(text).content.data.rows);
        took.push(performance.now() - before);
        if (columns[0].length !== ROWS || columns[4][1] !== 2) throw new Error(form);
    }
    return took;
}""".replace("ROWS", str(ROWS))

Form = Callable[[list[Any]], tuple[Any, list[bytes]]]


def columns() -> list[Any]:
    """Rows as the record has them, not yet of the types that are sent."""
    chance = np.random.default_rng(1)
    start = np.sort(chance.uniform(0, 600, ROWS))
    duration = chance.gamma(2.0, 0.2, ROWS)
    return [np.arange(ROWS) * 7, start, duration, chance.integers(0, 64, ROWS), np.full(ROWS, 2, np.int8)]


def binary(rows: list[Any]) -> tuple[Any, list[bytes]]:
    """As it was before: one buffer, and where it is."""
    data = b"".join(
        np.asarray(values).astype(kind).tobytes() for values, kind in zip(rows, KINDS, strict=True)
    )
    return {"buffer": 0, "count": len(rows[0])}, [data]


def in_base64(rows: list[Any]) -> tuple[Any, list[bytes]]:
    """As it is now."""
    return encode_columns(*zip(rows, KINDS, strict=True)), []


def numbers(rows: list[Any]) -> tuple[Any, list[bytes]]:
    """Lists with times in milliseconds; an unknown time, which JSON does not have, is null."""
    rounded = [np.round(rows[n], 3) for n in (1, 2)]
    times = [np.where(np.isfinite(each), each, None).tolist() for each in rounded]
    return [rows[0].tolist(), *times, rows[3].tolist(), rows[4].tolist()], []


FORMS: dict[str, Form] = {"binary": binary, "base64": in_base64, "json": numbers}


def message(made: Any) -> dict[str, Any]:
    """The content of a comm message with one part of one result."""
    return {"comm_id": "c" * 32, "data": {"type": "update", "results": [{"id": "r" * 32}], "rows": made}}


def main() -> int:
    """Print the table; 1 where base64 takes more than a tenth of a millisecond of the kernel."""
    rows, session = columns(), Session(key=b"k" * 36)
    cost: dict[str, list[float]] = {form: [] for form in FORMS}
    with zmq.Context() as context, context.socket(zmq.PUB) as socket:
        socket.bind("tcp://127.0.0.1:*")
        for _ in range(ROUNDS):
            for form, make in FORMS.items():
                begin = time.thread_time()
                for _ in range(TURN):
                    made, buffers = make(rows)
                    session.send(socket, "comm_msg", message(made), buffers=buffers)
                cost[form].append((time.thread_time() - begin) / TURN)
    size, texts = {}, {}
    for form, make in FORMS.items():
        made, buffers = make(rows)
        parts = session.serialize(session.msg("comm_msg", message(made)))
        size[form] = sum(map(len, parts)) + sum(map(len, buffers))
        texts[form] = json.dumps(session.msg("comm_msg", message(made)), default=str)
    whole = base64.b64encode(binary(rows)[1][0]).decode()
    page_cost: dict[str, list[float]] = {form: [] for form in FORMS}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=BROWSER_FLAGS)
        page = browser.new_page()
        for _ in range(ROUNDS // TURN):
            for form, text in texts.items():
                page_cost[form] += page.evaluate(READ, [form, text, whole, 2 * TURN])
        browser.close()
    print(f"one update of {ROWS:,} rows\n")
    print(f"{'':8s} {'kernel CPU':>12s} {'bytes':>8s} {'page':>10s}   rows in 20 kB; beside binary")
    middle = {form: statistics.median(cost[form]) for form in FORMS}
    read = {form: statistics.fmean(page_cost[form]) for form in FORMS}
    for form in FORMS:
        fit = int(MAX_MESSAGE_BYTES / (size[form] / ROWS))
        print(
            f"{form:8s} {1e6 * middle[form]:9.0f} µs {size[form]:8,d} {read[form]:7.3f} ms   {fit:6,d}   "
            f"{middle[form] / middle['binary']:.2f} ×, {size[form] / size['binary']:.2f} ×, "
            f"{read[form] / read['binary']:.2f} ×"
        )
    return int(middle["base64"] - middle["binary"] > 1e-4)


if __name__ == "__main__":
    sys.exit(main())

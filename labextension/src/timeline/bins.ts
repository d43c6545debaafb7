/** Histogram of tasks by pixel, so that drawing costs depend on the picture and not on the tasks. Pure. */

import { OK, hasRun, type TaskColumns } from '../model/task-columns';
import type { Lanes, Span } from './layout';

/** One row for each lane, one cell for each device pixel. */
export class Bins {
  width = 0;
  rows = 0;
  /** Part of a cell that finished tasks cover. */
  cover = new Float32Array(0);
  /** 1 where a task failed. */
  failed = new Uint8Array(0);

  /** Count the tasks anew; a failed one takes at least `minCells`, so that it stays visible. */
  fill(
    columns: TaskColumns,
    lanes: Lanes,
    span: Span,
    width: number,
    top: number,
    rows: number,
    minCells: number
  ): void {
    this.#clear(width, rows);
    const { status, start, duration, slot } = columns;
    const { cover, failed } = this;
    const scale = width / (span.to - span.from);
    const last = width - 1;
    for (let at = 0, length = columns.length; at < length; at++) {
      const code = status[at]!;
      if (!hasRun(code)) continue;
      const from = (start[at]! - span.from) * scale;
      if (!(from < width)) continue;
      const to = from + (duration[at]! * scale || 0);
      if (to < 0) continue;
      const lane = lanes.of[slot[at]!]! - top;
      if (lane < 0 || lane >= rows) continue;
      const row = lane * width;
      const a = from < 0 ? 0 : from | 0;
      const b = to > last ? last : to | 0;
      if (code === OK) {
        if (a === b) {
          cover[row + a]! += Math.max(to - from, 0.02);
        } else {
          cover[row + a]! += a + 1 - from;
          for (let cell = row + a + 1; cell < row + b; cell++) cover[cell]! += 1;
          cover[row + b]! += to - b;
        }
      } else {
        failed.fill(1, row + a, row + Math.min(last, Math.max(b, a + minCells - 1)) + 1);
      }
    }
  }

  #clear(width: number, rows: number): void {
    this.width = width;
    this.rows = rows;
    if (this.cover.length < width * rows) {
      this.cover = new Float32Array(width * rows);
      this.failed = new Uint8Array(width * rows);
    } else {
      this.cover.fill(0);
      this.failed.fill(0);
    }
  }
}

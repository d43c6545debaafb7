/** Columns of a result's tasks: one row for each message, indexed by its position. */

import type { Rows } from '../protocol/columns';
import { UNKNOWN_SLOT } from '../protocol/types';

export const QUEUED = 0;
export const RUNNING = 1;
export const OK = 2;
export const FAILED = 3;

/** Whether a task of this status ran: it is drawn where its times are known. */
export function hasRun(status: number): boolean {
  return status === OK || status === FAILED;
}

/** Rows at a larger position are ignored. */
const MAX_LENGTH = 1 << 23;

export class TaskColumns {
  status = new Uint8Array(0);
  start = new Float32Array(0);
  duration = new Float32Array(0);
  first = new Uint32Array(0);
  inputs = new Uint32Array(0);
  slot = new Uint16Array(0);
  /** Positions from here on have no row. */
  length = 0;
  /** How many positions have a row. */
  rowCount = 0;
  /** Incremented by every change. */
  revision = 0;
  /** End of the last task, in seconds after the base. */
  end = 0;
  #stale = new Uint8Array(0);
  #staleRows = 0;

  /** Write rows; a queued one clears its position. */
  write(rows: Rows): void {
    let last = -1;
    for (const position of rows.position) if (position < MAX_LENGTH && position > last) last = position;
    this.#grow(last + 1);
    for (let i = 0; i < rows.position.length; i++) {
      const at = rows.position[i]!;
      if (at >= MAX_LENGTH) continue;
      const status = rows.status[i]!;
      this.#countRow(at, status);
      this.status[at] = status;
      this.start[at] = rows.start[i]!;
      this.duration[at] = rows.duration[i]!;
      this.first[at] = rows.first[i]!;
      this.inputs[at] = rows.inputs[i]!;
      this.slot[at] = rows.slot[i]!;
      const end = rows.start[i]! + rows.duration[i]!;
      if (end > this.end) this.end = end;
    }
    this.length = Math.max(this.length, last + 1);
    this.revision++;
  }

  /** Mark all rows as stale until each is written again. */
  markStale(): void {
    for (let at = 0; at < this.length; at++) this.#stale[at] = this.status[at] ? 1 : 0;
    this.#staleRows = this.rowCount;
  }

  /** Clear the stale rows, once all `ended` rows have been written again. */
  dropStale(ended: number): void {
    if (!this.#staleRows || this.rowCount - this.#staleRows < ended) return;
    for (let at = 0; at < this.length; at++) {
      if (this.#stale[at]) {
        this.#countRow(at, QUEUED);
        this.status[at] = QUEUED;
      }
    }
    this.revision++;
  }

  #countRow(at: number, status: number): void {
    if (this.#stale[at]) {
      this.#stale[at] = 0;
      this.#staleRows--;
    }
    this.rowCount += (status ? 1 : 0) - (this.status[at] ? 1 : 0);
  }

  #grow(length: number): void {
    if (length <= this.status.length) return;
    const size = Math.min(MAX_LENGTH, Math.max(length, 2 * this.status.length, 64));
    const copied = <T extends Uint8Array | Uint16Array | Uint32Array | Float32Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.status = copied(this.status, new Uint8Array(size));
    this.start = copied(this.start, new Float32Array(size));
    this.duration = copied(this.duration, new Float32Array(size));
    this.first = copied(this.first, new Uint32Array(size));
    this.inputs = copied(this.inputs, new Uint32Array(size));
    this.slot = copied(this.slot, new Uint16Array(size).fill(UNKNOWN_SLOT));
    this.#stale = copied(this.#stale, new Uint8Array(size));
  }
}

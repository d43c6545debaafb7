/** What is known of the single tasks of a result: one row a message, in columns keyed by position. */

import type { Rows } from '../protocol/buffers';
import { UNKNOWN_SLOT } from '../protocol/types';

export const QUEUED = 0;
export const RUNNING = 1;
export const OK = 2;
export const FAILED = 3;
export const ABORTED = 4;

/** No result has more messages than this; a larger position is not taken in. */
const MOST = 1 << 23;

export class TaskColumns {
  status = new Uint8Array(0);
  start = new Float32Array(0);
  duration = new Float32Array(0);
  first = new Uint32Array(0);
  inputs = new Uint32Array(0);
  slot = new Uint16Array(0);
  /** Positions from here on have no row. */
  length = 0;
  /** How many rows there are. */
  known = 0;
  /** Rises with every change. */
  revision = 0;
  /** When the last task ended, in seconds after the base. */
  end = 0;
  #stale = new Uint8Array(0);
  #staleRows = 0;

  /** Take rows in; a row that is queued takes an earlier one back. */
  set(rows: Rows): void {
    let last = -1;
    for (const position of rows.position) if (position < MOST && position > last) last = position;
    this.#reserve(last + 1);
    for (let i = 0; i < rows.position.length; i++) {
      const at = rows.position[i]!;
      if (at >= MOST) continue;
      const status = rows.status[i]!;
      this.#count(at, status);
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

  /** From now on a row counts as old until it is sent again. */
  doubt(): void {
    for (let at = 0; at < this.length; at++) this.#stale[at] = this.status[at] ? 1 : 0;
    this.#staleRows = this.known;
  }

  /** Once all `ended` rows were sent again, those that were not are no longer true. */
  settle(ended: number): void {
    if (!this.#staleRows || this.known - this.#staleRows < ended) return;
    for (let at = 0; at < this.length; at++) {
      if (this.#stale[at]) {
        this.#count(at, QUEUED);
        this.status[at] = QUEUED;
      }
    }
    this.revision++;
  }

  #count(at: number, status: number): void {
    if (this.#stale[at]) {
      this.#stale[at] = 0;
      this.#staleRows--;
    }
    this.known += (status ? 1 : 0) - (this.status[at] ? 1 : 0);
  }

  #reserve(length: number): void {
    if (length <= this.status.length) return;
    const size = Math.min(MOST, Math.max(length, 2 * this.status.length, 64));
    const grown = <T extends Uint8Array | Uint16Array | Uint32Array | Float32Array>(old: T, grow: T): T => {
      grow.set(old);
      return grow;
    };
    this.status = grown(this.status, new Uint8Array(size));
    this.start = grown(this.start, new Float32Array(size));
    this.duration = grown(this.duration, new Float32Array(size));
    this.first = grown(this.first, new Uint32Array(size));
    this.inputs = grown(this.inputs, new Uint32Array(size));
    this.slot = grown(this.slot, new Uint16Array(size).fill(UNKNOWN_SLOT));
    this.#stale = grown(this.#stale, new Uint8Array(size));
  }
}

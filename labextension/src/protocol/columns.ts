/** Columns in binary buffers: little-endian, one after the other, without padding. */

import { FormatError } from './readers';

/** Engines whose counts changed, one row each. */
export type Loads = ReturnType<typeof readLoads>;
/** All tasks that run now. `since` is seconds after the base. */
export type Running = ReturnType<typeof readRunning>;
/** Messages whose state changed. `start` is seconds after the base; an unknown time is NaN. */
export type Rows = ReturnType<typeof readRows>;

/** Reader of one column after the other. It copies them: a column may begin at an odd byte. */
class Columns {
  constructor(view: DataView, size: number) {
    if (view.byteLength !== size) {
      throw new FormatError(`a buffer has ${view.byteLength} bytes instead of ${size}`);
    }
    this.#bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  }

  u32(count: number): Uint32Array {
    return new Uint32Array(this.#take(4 * count));
  }

  f32(count: number): Float32Array {
    return new Float32Array(this.#take(4 * count));
  }

  u16(count: number): Uint16Array {
    return new Uint16Array(this.#take(2 * count));
  }

  u8(count: number): Uint8Array {
    return new Uint8Array(this.#take(count));
  }

  #take(size: number): ArrayBuffer {
    const from = this.#offset;
    this.#offset += size;
    return this.#bytes.slice(from, this.#offset).buffer;
  }

  readonly #bytes: Uint8Array;
  #offset = 0;
}

export function readLoads(view: DataView, count: number) {
  const columns = new Columns(view, 15 * count);
  return {
    done: columns.u32(count),
    failed: columns.u32(count),
    busy: columns.f32(count),
    slot: columns.u16(count),
    alive: columns.u8(count)
  };
}

export function readRunning(view: DataView, count: number) {
  const columns = new Columns(view, 14 * count);
  return {
    position: columns.u32(count),
    first: columns.u32(count),
    since: columns.f32(count),
    slot: columns.u16(count)
  };
}

/** Rows that are not chunked carry one input each, whose index is their position. */
export function readRows(view: DataView, count: number, chunked: boolean) {
  const columns = new Columns(view, (chunked ? 23 : 15) * count);
  const position = columns.u32(count);
  const start = columns.f32(count);
  const duration = columns.f32(count);
  const first = chunked ? columns.u32(count) : position.slice();
  const inputs = chunked ? columns.u32(count) : new Uint32Array(count).fill(1);
  return { position, start, duration, first, inputs, slot: columns.u16(count), status: columns.u8(count) };
}

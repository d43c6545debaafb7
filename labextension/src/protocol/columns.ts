/** Readers of columns: little-endian, one after the other, without padding, in base64. */

import { FormatError, string, type Read, type Reader } from './readers';

type Column = Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;
/** Typed array of a column. */
interface Kind {
  readonly BYTES_PER_ELEMENT: number;
  new (bytes: ArrayBuffer): Column;
}
type Columns<K> = { [Name in keyof K]: K[Name] extends new (bytes: ArrayBuffer) => infer C ? C : never };

/** Columns of equal length, in the order of their names. */
function columns<K extends Record<string, Kind>>(kinds: K): Reader<Columns<K>> {
  const width = Object.values(kinds).reduce((sum, kind) => sum + kind.BYTES_PER_ELEMENT, 0);
  return (value, path) => {
    const decoded = atob(string(value, path));
    const count = decoded.length / width;
    if (!Number.isInteger(count)) throw new FormatError(`${path} has ${decoded.length} bytes, ${width} a row`);
    const bytes = new Uint8Array(decoded.length);
    // `Uint8Array.from` takes 2 ms for a message of 20 kB, which is 18 times as long.
    for (let at = 0; at < bytes.length; at++) bytes[at] = decoded.charCodeAt(at);
    let end = 0;
    const read = Object.entries(kinds).map(([name, kind]) => {
      const begin = end;
      end += kind.BYTES_PER_ELEMENT * count;
      return [name, new kind(bytes.slice(begin, end).buffer)];
    });
    return Object.fromEntries(read) as Columns<K>;
  };
}

/**
 * Engines whose counts changed, one row each. `joined` and `left` are seconds after the base, infinite for one that
 * did not leave; `presence` is 0 for an engine that left, 1 for one that is there, and 2 for one that died.
 */
export const loads = columns({
  done: Uint32Array,
  failed: Uint32Array,
  busy: Float32Array,
  joined: Float32Array,
  left: Float32Array,
  slot: Uint16Array,
  presence: Uint8Array
});
export type Loads = Read<typeof loads>;

/** All tasks that run now. `since` is seconds after the base. */
export const running = columns({ position: Uint32Array, first: Uint32Array, since: Float32Array, slot: Uint16Array });
export type Running = Read<typeof running>;

const times = { position: Uint32Array, start: Float32Array, duration: Float32Array };
const ending = { slot: Uint16Array, status: Uint8Array };

/** Messages whose state changed. `start` is seconds after the base; an unknown time is NaN. */
export const chunkedRows = columns({ ...times, first: Uint32Array, inputs: Uint32Array, ...ending });
export type Rows = Read<typeof chunkedRows>;

const plainRows = columns({ ...times, ...ending });
/** Messages that carry one input each, whose index is their position. */
export const rows: Reader<Rows> = (value, path) => {
  const read = plainRows(value, path);
  return { ...read, first: read.position.slice(), inputs: new Uint32Array(read.position.length).fill(1) };
};

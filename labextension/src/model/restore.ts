/** Rows and running tasks of a saved result. */

import type { Rows, Running } from '../protocol/columns';
import type { SavedResult } from '../protocol/saved';
import { UNKNOWN_SLOT } from '../protocol/types';

/** The rows of a saved result's timeline. */
export function rowsOf({ timeline }: SavedResult): Rows {
  return {
    position: Uint32Array.from(timeline.position),
    first: Uint32Array.from(timeline.first),
    inputs: Uint32Array.from(timeline.inputs),
    slot: Uint16Array.from(timeline.slot, slot => (slot < 0 ? UNKNOWN_SLOT : slot)),
    start: Float32Array.from(timeline.start, start => start ?? NaN),
    duration: Float32Array.from(timeline.duration, duration => duration ?? NaN),
    status: Uint8Array.from(timeline.status)
  };
}

/** The tasks that ran when the result was saved. */
export function runningOf(saved: SavedResult, slots: readonly (number | string)[]): Running {
  const busy = saved.engines.flatMap(({ engine_id, running }) => (running ? [{ engine_id, running }] : []));
  const first = Uint32Array.from(busy, load => load.running[0]);
  return {
    position: first,
    first,
    since: Float32Array.from(busy, load => saved.elapsed - load.running[1]),
    slot: Uint16Array.from(busy, load => {
      const slot = slots.indexOf(load.engine_id);
      return slot < 0 ? UNKNOWN_SLOT : slot;
    })
  };
}

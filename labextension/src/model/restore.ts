/** Rows and running tasks of a saved result. */

import type { Rows, Running } from '../protocol/columns';
import type { SavedResult, SavedTimeline } from '../protocol/saved';
import { TASK_STATUSES, UNKNOWN_SLOT } from '../protocol/types';

/** The rows of a saved result's timeline, or else of its first tasks. */
export function rowsOf(saved: SavedResult, base: number): Rows {
  const timeline = saved.timeline ?? timelineOfTasks(saved, base);
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

function timelineOfTasks(saved: SavedResult, base: number): SavedTimeline {
  const engines = saved.engines.map(load => load.engine_id);
  const ended = saved.tasks
    .map((task, position) => ({ ...task, position, code: TASK_STATUSES.indexOf(task.status) }))
    .filter(task => task.code > 1);
  return {
    base,
    of: ended.length,
    engines,
    position: ended.map(task => task.position),
    first: ended.map(task => task.index),
    inputs: ended.map(task => task.inputs),
    slot: ended.map(task => (task.engine_id === null ? -1 : engines.indexOf(task.engine_id))),
    start: ended.map(task => (task.started === null ? null : task.started - base)),
    duration: ended.map(task => task.duration),
    status: ended.map(task => task.code)
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

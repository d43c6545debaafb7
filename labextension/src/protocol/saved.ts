/** Format of a result in a notebook, its check, which never throws, and the columns of its tasks. */

import type { Rows, Running } from './columns';
import { figureReaders } from './figures';
import { unpackSaved } from './packed';
import * as read from './readers';
import { engineId, engineLoad, failureCounts, failureTexts, taskFields, taskOutput, time } from './records';
import { SAVED_VERSION, UNKNOWN_SLOT } from './types';

export const NEWER = 'This result was saved by a newer version of ipar_results.';
export const UNREADABLE = "This result can't be read.";

const columns = read.record({
  base: read.number,
  /** Messages that have ended; where there are fewer rows, these are a sample. */
  of: read.count,
  engines: read.list(engineId),
  position: read.list(read.count),
  first: read.list(read.count),
  inputs: read.list(read.count),
  slot: read.list(read.integer),
  start: read.list(time),
  duration: read.list(time),
  status: read.list(read.count)
});
export type SavedTimeline = read.Read<typeof columns>;

const timeline: read.Reader<SavedTimeline> = (value, path) => {
  const rows = columns(value, path);
  const others = [rows.first, rows.inputs, rows.slot, rows.start, rows.duration, rows.status];
  if (others.some(column => column.length !== rows.position.length)) {
    throw new read.FormatError(`${path} has columns of different lengths`);
  }
  return rows;
};

/** What a card shows of a task beside its row in the timeline. */
const { index, msg_id, engine_id, input } = taskFields;
const savedTask = read.record({ index, msg_id, engine_id, input });
export type SavedTask = read.Read<typeof savedTask>;

/** The first format, which has an object for each row of a table. */
const saved = read.record({
  type: read.oneOf(['snapshot'] as const),
  version: read.number,
  ...figureReaders,
  id: read.string,
  engines: read.list(engineLoad),
  failures: read.list(read.record({ ...failureCounts, ...failureTexts })),
  tasks: read.list(savedTask),
  outputs: read.list(taskOutput),
  timeline
});
export type SavedResult = read.Read<typeof saved>;

/** Check what a notebook holds under our MIME type; the error is a sentence to show. */
export function checkSaved(json: unknown): read.Checked<SavedResult> {
  const header = read.checked(() => read.record({ type: read.string, version: read.number })(json, ''));
  if (!header.ok || header.value.type !== 'snapshot') return { ok: false, error: UNREADABLE };
  const { version } = header.value;
  if (version > SAVED_VERSION) return { ok: false, error: NEWER };
  if (version !== 1 && version !== SAVED_VERSION) return { ok: false, error: UNREADABLE };
  const result = read.checked(() => saved(version === 1 ? json : unpackSaved(read.object(json, '')), ''));
  return result.ok ? result : { ok: false, error: UNREADABLE };
}

export function savedRows({ timeline }: SavedResult): Rows {
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
export function savedRunning({ engines, elapsed, timeline }: SavedResult): Running {
  const busy = engines.flatMap(({ engine_id, running }) => (running ? [{ engine_id, running }] : []));
  const first = Uint32Array.from(busy, load => load.running[0]);
  return {
    position: first,
    first,
    since: Float32Array.from(busy, load => elapsed - load.running[1]),
    slot: Uint16Array.from(busy, load => {
      const slot = timeline.engines.indexOf(load.engine_id);
      return slot < 0 ? UNKNOWN_SLOT : slot;
    })
  };
}

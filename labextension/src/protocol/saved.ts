/** Format of a result in a notebook, and its check. Never throws. */

import { figureReaders } from './figures';
import * as read from './readers';
import { engineId, engineLoad, failureDetails, taskFields, taskOutput, time } from './records';
import { SNAPSHOT_VERSION } from './types';

export const NEWER = 'This result was saved by a newer version of ipar_results.';
export const UNREADABLE = "This result can't be read.";

const failure = read.record({
  type: read.string,
  message: read.string,
  where: read.string,
  count: read.count,
  engines: read.list(engineId),
  /** Failed inputs: the first of them where `count` is more. */
  indices: read.list(read.integer),
  traceback: read.string,
  ...failureDetails
});

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
/** Columns with one row for each message. */
export type SavedTimeline = read.Read<typeof columns>;

const timeline: read.Reader<SavedTimeline> = (value, path) => {
  const rows = columns(value, path);
  const others = [rows.first, rows.inputs, rows.slot, rows.start, rows.duration, rows.status];
  if (others.some(column => column.length !== rows.position.length)) {
    throw new read.FormatError(`${path} has columns of different lengths`);
  }
  return rows;
};

const saved = read.record({
  type: read.oneOf(['snapshot'] as const),
  version: read.number,
  ...figureReaders,
  id: read.string,
  engines: read.list(engineLoad),
  failures: read.list(failure),
  tasks: read.list(read.record(taskFields)),
  outputs: read.list(taskOutput),
  timeline
});
export type SavedResult = read.Read<typeof saved>;

/** Check what a notebook holds under our MIME type; the error is a sentence to show. */
export function checkSaved(json: unknown): read.Checked<SavedResult> {
  const header = read.checked(() => read.record({ type: read.string, version: read.number })(json, ''));
  if (!header.ok || header.value.type !== 'snapshot') return { ok: false, error: UNREADABLE };
  const { version } = header.value;
  if (version !== SNAPSHOT_VERSION) return { ok: false, error: version > SNAPSHOT_VERSION ? NEWER : UNREADABLE };
  const result = read.checked(() => saved(json, ''));
  return result.ok ? result : { ok: false, error: UNREADABLE };
}

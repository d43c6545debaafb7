/** Checks what a notebook keeps of a result: typed out, or a sentence to show. Never throws. */

import { checked, engineId, failureDetails, figures, moment, range, taskFacts, taskOutput } from './figures';
import * as is from './readers';
import type * as wire from './types';
import { SNAPSHOT_VERSION } from './types';

export const NEWER = 'This result was saved by a newer version of ipar_results.';
export const UNREADABLE = "This result can't be read.";

const load = is.record<wire.EngineLoad>({
  engine_id: engineId,
  done: is.count,
  failed: is.count,
  running: is.orNull(range),
  busy_time: is.number,
  alive: is.flag
});

const failure = is.record<wire.SavedFailure>({
  type: is.text,
  message: is.text,
  where: is.text,
  count: is.count,
  engines: is.list(engineId),
  indices: is.list(is.integer),
  traceback: is.text,
  ...failureDetails
});

const timeline: is.Reader<wire.SavedTimeline> = (value, path) => {
  const read = is.record<wire.SavedTimeline>({
    base: is.number,
    of: is.count,
    engines: is.list(engineId),
    position: is.list(is.count),
    first: is.list(is.count),
    inputs: is.list(is.count),
    slot: is.list(is.integer),
    start: is.list(moment),
    duration: is.list(moment),
    status: is.list(is.count)
  })(value, path);
  const columns = [read.first, read.inputs, read.slot, read.start, read.duration, read.status];
  if (columns.some(column => column.length !== read.position.length)) {
    throw new is.Misshapen(`${path} has columns of different lengths`);
  }
  return read;
};

const saved = is.record<Omit<wire.Saved, 'type' | 'version'>>({
  ...figures,
  id: is.text,
  engines: is.list(load),
  failures: is.list(failure),
  tasks: is.list(is.record<wire.TaskRecord>(taskFacts)),
  outputs: is.list(taskOutput),
  timeline: (value, path) => (value === undefined || value === null ? null : timeline(value, path))
});

/** Check what a notebook keeps under our MIME type; the error is a sentence to show. */
export function checkSaved(json: unknown): wire.Checked<wire.Saved> {
  const known = checked(() => {
    const given = is.fields(json, '');
    return { type: is.text(given.type, 'type'), version: is.number(given.version, 'version') };
  });
  if (!known.ok || known.value.type !== 'snapshot') {
    return { ok: false, error: UNREADABLE };
  }
  if (known.value.version !== SNAPSHOT_VERSION) {
    return { ok: false, error: known.value.version > SNAPSHOT_VERSION ? NEWER : UNREADABLE };
  }
  const read = checked(() => saved(json, ''));
  return read.ok
    ? { ok: true, value: { ...read.value, type: 'snapshot', version: SNAPSHOT_VERSION } }
    : { ok: false, error: UNREADABLE };
}

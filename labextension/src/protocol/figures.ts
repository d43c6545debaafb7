/** Readers of the facts that saved snapshots, updates and replies have in common. */

import * as is from './readers';
import type * as wire from './types';
import { STATES, STATUS } from './types';

export const engineId: is.Reader<wire.EngineId> = (value, path) =>
  typeof value === 'string' ? value : is.integer(value, path);

export const range: is.Reader<wire.Range> = (value, path) => {
  const [from, to, ...more] = is.list(is.number)(value, path);
  if (from === undefined || to === undefined || more.length > 0) {
    throw new is.Misshapen(`${path} is not a pair of numbers`);
  }
  return [from, to];
};

export const givenInput: is.Reader<wire.GivenInput> = (value, path) => {
  const [index, text] = Array.isArray(value) ? (value as unknown[]) : [];
  return [is.integer(index, `${path}[0]`), is.text(text, `${path}[1]`)];
};

/** What is told of a group of failures since format 1 was first saved: a notebook may be older. */
export const failureDetails = {
  first_time: is.missing(is.number),
  last_time: is.missing(is.number),
  input: is.missing(givenInput)
};

const advice: is.Reader<wire.Advice> = (value, path) => {
  const given = is.fields(value, path);
  return {
    code: is.text(given.code, `${path}.code`),
    message: is.text(given.message, `${path}.message`),
    evidence: typeof given.evidence === 'string' ? given.evidence : '',
    gain: typeof given.gain === 'number' ? given.gain : null
  };
};

const timeUse = is.record<wire.TimeUse>({
  engines: is.count,
  total: is.number,
  computing: is.number,
  waiting: is.number,
  overhead: is.number,
  lost: is.number,
  other: is.number
});

export const figures: { [K in keyof wire.Figures]: is.Reader<wire.Figures[K]> } = {
  name: is.text,
  total: is.count,
  done: is.count,
  ok: is.count,
  failed: is.count,
  aborted: is.count,
  running: is.count,
  queued: is.count,
  messages: is.count,
  elapsed: is.number,
  serial_time: is.number,
  wall_time: is.orNull(is.number),
  speedup: is.orNull(is.number),
  efficiency: is.orNull(is.number),
  throughput: is.orNull(is.number),
  eta: is.orNull(range),
  finished: is.flag,
  state: is.oneOf(STATES),
  note: is.text,
  value: is.orNull(is.text),
  single: is.flag,
  time: is.number,
  outputs_total: is.count,
  advice: is.list(advice),
  time_use: is.orNull(timeUse)
};

export const moment = is.orNull(is.number);
const times = { submitted: moment, started: moment, completed: moment, received: moment, duration: moment };
export const taskFacts = {
  index: is.integer,
  inputs: is.count,
  msg_id: is.text,
  engine_id: is.orNull(engineId),
  status: is.oneOf(STATUS),
  ...times
};

export const taskOutput = is.record<wire.TaskOutput>({
  index: is.integer,
  engine_id: is.orNull(engineId),
  stdout: is.text,
  stderr: is.text,
  omitted: is.count,
  rich: is.count
});

/** Runs a reader; what it throws becomes data. */
export function checked<T>(read: () => T): wire.Checked<T> {
  try {
    return { ok: true, value: read() };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

/** Records that saved results, updates and replies share: each is declared by its reader. Times are POSIX seconds. */

import * as read from './readers';
import { TASK_STATUSES, type EngineId, type Pair } from './types';

export const engineId: read.Reader<EngineId> = (value, path) =>
  typeof value === 'string' ? value : read.integer(value, path);

export const pair: read.Reader<Pair> = (value, path) => {
  const [first, second, ...more] = read.list(read.number)(value, path);
  if (first === undefined || second === undefined || more.length > 0) {
    throw new read.FormatError(`${path} is not a pair of numbers`);
  }
  return [first, second];
};

/** The index of one failing input, and a short text of it. */
const failedInput: read.Reader<[index: number, text: string]> = (value, path) => {
  const [index, text] = Array.isArray(value) ? (value as unknown[]) : [];
  return [read.integer(index, `${path}[0]`), read.string(text, `${path}[1]`)];
};
export type FailedInput = read.Read<typeof failedInput>;

export const failureCounts = { count: read.count, engines: read.list(engineId) };
export const failureTexts = {
  type: read.string,
  message: read.string,
  where: read.string,
  traceback: read.string,
  /** Failed inputs: the first of them where `count` is more. */
  indices: read.list(read.integer),
  // a saved result of an early version lacks these
  first_time: read.optional(read.number),
  last_time: read.optional(read.number),
  input: read.optional(failedInput),
  messages_differ: read.orElse(read.boolean, false)
};

export const advice = read.record({
  code: read.string,
  message: read.string,
  evidence: read.orElse(read.string, ''),
  /** Seconds earlier that the run would have ended. */
  gain: read.orElse(read.orNull(read.number), null)
});
export type Advice = read.Read<typeof advice>;

/** Where the engines' time went: seconds, which add up to the total. */
export const timeUse = read.record({
  engines: read.count,
  total: read.number,
  computing: read.number,
  waiting: read.number,
  overhead: read.number,
  lost: read.number,
  other: read.number
});
export type TimeUse = read.Read<typeof timeUse>;

export const engineLoad = read.record({
  engine_id: engineId,
  done: read.count,
  failed: read.count,
  /** Index of the running input, and the seconds for which it has run. */
  running: read.orNull(pair),
  busy_time: read.number,
  alive: read.boolean,
  /** Whether it held a task when it vanished; one that is not alive and did not die has left. */
  died: read.optional(read.boolean),
  /** Seconds after the first submission at which it joined the cluster, and at which it left or died. */
  joined: read.optional(read.number),
  left: read.optional(read.number)
});
export type EngineLoad = read.Read<typeof engineLoad>;

export const time = read.orNull(read.number);
export const taskFields = {
  index: read.integer,
  inputs: read.count,
  msg_id: read.string,
  engine_id: read.orNull(engineId),
  status: read.oneOf(TASK_STATUSES),
  submitted: time,
  started: time,
  completed: time,
  received: time,
  duration: time,
  /** Short text of its input; saved results of an early version have none. */
  input: read.optional(read.string)
};

/** The ends of what a task wrote; `omitted` counts the characters before them, `rich` its rich outputs. */
export const taskOutput = read.record({
  index: read.integer,
  engine_id: read.orNull(engineId),
  stdout: read.string,
  stderr: read.string,
  omitted: read.count,
  rich: read.count
});
export type TaskOutput = read.Read<typeof taskOutput>;

/** Table of figures: one entry reads a figure and gives its value before the first message. Times are seconds. */

import * as read from './readers';
import { advice, pair, timeUse } from './records';
import { RESULT_STATES } from './types';

interface Figure<T> {
  read: read.Reader<T>;
  initial: T;
}

function figure<T>(read: read.Reader<T>, initial: NoInfer<T>): Figure<T> {
  return { read, initial };
}

const count = figure(read.count, 0);
const seconds = figure(read.number, 0);
const ratio = figure(read.orNull(read.number), null);
const flag = figure(read.boolean, false);
const text = figure(read.string, '');

/** What a saved result and the head of an update have in common. Counts are of tasks. */
const FIGURES = {
  name: text,
  total: count,
  done: count,
  ok: count,
  failed: count,
  aborted: count,
  running: count,
  queued: count,
  messages: count,
  elapsed: seconds,
  serial_time: seconds,
  wall_time: ratio,
  speedup: ratio,
  efficiency: ratio,
  throughput: ratio,
  eta: figure(read.orNull(pair), null),
  finished: flag,
  state: figure(read.oneOf(RESULT_STATES), 'queued'),
  note: text,
  value: figure(read.orNull(read.string), null),
  single: flag,
  time: seconds,
  /** Pauses before retries, which are no part of any duration: begin (POSIX time) and seconds of each. */
  pauses: figure(read.orElse(read.list(pair), []), []),
  outputs_total: count,
  advice: figure(read.list(advice), []),
  time_use: figure(read.orNull(timeUse), null)
};

const place = { cell_id: read.orNull(read.string), execution_count: read.orNull(read.integer) };

/** What an update's head holds: the figures, and what only a live result has. */
const HEAD = {
  ...FIGURES,
  /** POSIX time of the first submission. */
  base: seconds,
  chunked: flag,
  /** Names of the actions that the kernel would carry out now; a later version may name others than ours. */
  actions: figure(read.list(read.string), []),
  /** The cell in which the result was made. */
  where: figure(read.record(place), { cell_id: null, execution_count: null }),
  failure_groups: count,
  /** Messages that have ended. */
  ended: count
};

type Values<T> = { -readonly [K in keyof T]: T[K] extends Figure<infer V> ? V : never };
export type Figures = Values<typeof FIGURES>;
export type Head = Values<typeof HEAD>;
export type Where = Head['where'];

function column<T extends Record<string, Figure<unknown>>, K extends keyof Figure<unknown>>(
  table: T,
  key: K
): { [N in keyof T]: T[N][K] } {
  return Object.fromEntries(Object.entries(table).map(([name, entry]) => [name, entry[key]])) as never;
}

export const figureReaders = column(FIGURES, 'read');
/** The figures of which a saved result says nothing. */
export const NO_FIGURES: Figures = column(FIGURES, 'initial');
export const readHead = read.partial(column(HEAD, 'read'));
/** The head of a result before its first message. */
export const NO_HEAD: Head = column(HEAD, 'initial');

/** The figures alone, out of a head or a saved result. */
export function figuresOf(source: Figures): Figures {
  return Object.fromEntries(
    Object.keys(FIGURES).map(name => [name, source[name as keyof Figures]])
  ) as unknown as Figures;
}

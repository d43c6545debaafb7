/**
 * Saved results of the second format, which is sparse, has tables in columns, and each column of numbers as one text.
 * It turns them into the first format, which is still to be checked, and throws a FormatError where it can't.
 */

import { NO_FIGURES } from './figures';
import * as read from './readers';

/** Most numbers in a column: a short text may stand for many. */
const MAX_LENGTH = 100_000;
const ITEM = /^(\?|-?\d{1,15})(?:\*(\d{1,6}))?$/;
const NO_TIME_USE = { computing: 0, waiting: 0, overhead: 0, lost: 0, other: 0 };
const NO_TEXTS = { type: '', message: '', where: '', traceback: '' };

type Numbers = (number | null)[];
type Column = read.Reader<unknown[]>;

/** Unpack a column such as `0 1*3 ?`, which stands for 0, 1, 1, 1 and an unknown number. */
export const numbers: read.Reader<Numbers> = (value, path) => {
  const text = read.string(value, path);
  const found: Numbers = [];
  for (const item of text ? text.split(' ') : []) {
    const [, number, times] = ITEM.exec(item) ?? [];
    const count = Number(times ?? 1);
    if (number === undefined || found.length + count > MAX_LENGTH) throw new read.FormatError(`${path} is no column`);
    for (let i = 0; i < count; i++) found.push(number === '?' ? null : Number(number));
  }
  return found;
};

/** Unpack a column that holds the step to each known number from the one before. */
export const steps: read.Reader<Numbers> = (value, path) => {
  let last = 0;
  return numbers(value, path).map(step => (step === null ? null : (last += step)));
};

/** Turn a column of milliseconds into seconds. */
const seconds =
  (column: typeof numbers): typeof numbers =>
  (value, path) =>
    column(value, path).map(time => (time === null ? null : time / 1000));

const flags: Column = (value, path) => numbers(value, path).map(each => each === 1);
const list: Column = read.list(each => each);
/** Engine ids: numbers, unless one is a text. */
const ids: Column = (value, path) => (typeof value === 'string' ? steps : list)(value, path);

/** Texts of which the first is the beginning of all others. */
const continued: Column = (value, path) => {
  const [start, ...ends] = read.string(value, path).split('\t');
  return ends.map(end => `${start ?? ''}${end}`);
};

/** Unpack a table: readers of its columns, of which one that may be left out has a usual value; the first never is. */
function table(columns: Record<string, [reader: Column, usual?: unknown]>): read.Reader<read.Fields[]> {
  const names = Object.keys(columns);
  return (value, path) => {
    if (value === undefined) return [];
    const given = read.object(value, path);
    let length = 0;
    const found = Object.entries(columns).map(([name, [reader, usual]], i) => {
      const isLeftOut = given[name] === undefined && usual !== undefined;
      const column = isLeftOut ? new Array<unknown>(length).fill(usual) : reader(given[name], `${path}.${name}`);
      if (!i) length = column.length;
      if (column.length !== length) throw new read.FormatError(`${path} has columns of different lengths`);
      return column;
    });
    return Array.from({ length }, (_, row) => Object.fromEntries(names.map((name, i) => [name, found[i]![row]])));
  };
}

const engines = table({
  engine_id: [ids],
  done: [numbers, 0],
  failed: [numbers, 0],
  running: [list, null],
  busy_time: [seconds(numbers), 0],
  alive: [flags, true],
  died: [flags, false],
  joined: [seconds(numbers), 0],
  left: [seconds(numbers), null]
});
const tasks = table({ index: [steps], engine_id: [ids], msg_id: [continued], input: [list, null] });
const outputs = table({
  index: [steps],
  engine_id: [ids],
  stdout: [list, ''],
  stderr: [list, ''],
  omitted: [numbers, 0],
  rich: [numbers, 0]
});

const failures = read.list((value, path) => {
  const group = { ...NO_TEXTS, ...read.object(value, path) } as read.Fields;
  return { ...group, engines: ids(group.engines, path), indices: steps(group.indices ?? '', path) };
});

function timeline(value: unknown): read.Fields {
  const given = { base: 0, of: 0, ...read.object(value, 'timeline') } as read.Fields;
  const column = (name: string, reader: Column): unknown[] => reader(given[name] ?? '', `timeline.${name}`);
  const position = column('position', steps);
  return {
    ...given,
    engines: column('engines', ids),
    position,
    first: given.first === undefined ? position : column('first', steps),
    inputs: given.inputs === undefined ? position.map(() => 1) : column('inputs', numbers),
    slot: column('slot', numbers),
    start: column('start', seconds(steps)),
    duration: column('duration', seconds(numbers)),
    status: column('status', numbers)
  };
}

export function unpackSaved(given: read.Fields): read.Fields {
  const saved: read.Fields = { ...NO_FIGURES, messages: given.total ?? 0, elapsed: given.wall_time ?? 0, ...given };
  return {
    ...saved,
    version: 1,
    time_use: saved.time_use && { ...NO_TIME_USE, ...read.object(saved.time_use, 'time_use') },
    engines: engines(saved.engines, 'engines'),
    failures: failures(saved.failures ?? [], 'failures'),
    tasks: tasks(saved.tasks, 'tasks'),
    outputs: outputs(saved.outputs, 'outputs'),
    timeline: timeline(saved.timeline ?? {})
  };
}

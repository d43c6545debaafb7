/** Single tasks of the timeline: lookup by place, order in a lane, and description. Pure. */

import type { ResultModel } from '../model/result';
import { FAILED, RUNNING, hasRun, type TaskColumns } from '../model/task-columns';
import * as words from '../model/words';
import { TASK_STATUSES, UNKNOWN_SLOT, type TaskStatus } from '../protocol/types';
import { formatDuration, joinFacts } from '../ui/formatting';
import type { Lanes } from './layout';

/** One task of the timeline. Times are seconds after the base. */
export interface Mark {
  position: number;
  first: number;
  inputs: number;
  slot: number;
  status: TaskStatus;
  start: number;
  /** NaN while it runs, and where it is unknown. */
  duration: number;
}

export function rowMark(columns: TaskColumns, at: number): Mark {
  return {
    position: at,
    first: columns.first[at]!,
    inputs: columns.inputs[at]!,
    slot: columns.slot[at]!,
    status: TASK_STATUSES[columns.status[at]!] ?? 'queued',
    start: columns.start[at]!,
    duration: columns.duration[at]!
  };
}

export function runningMark(model: ResultModel, i: number): Mark {
  const { position, first, since, slot } = model.running;
  return {
    position: position[i]!,
    first: first[i]!,
    inputs: 1,
    slot: slot[i]!,
    status: TASK_STATUSES[RUNNING],
    start: since[i]!,
    duration: NaN
  };
}

/** A task of which no row has arrived. */
export function unknownMark(position: number, first: number, status: TaskStatus): Mark {
  return { position, first, inputs: 1, slot: UNKNOWN_SLOT, status, start: NaN, duration: NaN };
}

/** The task at a time in a lane: a failed one if there is one, else the nearest within reach. */
export function taskAt(
  model: ResultModel,
  lanes: Lanes,
  lane: number,
  time: number,
  reach: number,
  now: number
): Mark | null {
  let best: Mark | null = null;
  let least = Infinity;
  const consider = (start: number, end: number, weight: number, mark: () => Mark): void => {
    const away = time < start ? start - time : time > end ? time - end : 0;
    if (away > reach || away + weight >= least) return;
    least = away + weight;
    best = mark();
  };
  const { columns, running } = model;
  for (let i = 0; i < running.slot.length; i++) {
    if (lanes.of[running.slot[i]!] === lane) {
      consider(running.since[i]!, model.elapsed(now), 0, () => runningMark(model, i));
    }
  }
  for (let at = 0; at < columns.length; at++) {
    const code = columns.status[at]!;
    if (!hasRun(code) || lanes.of[columns.slot[at]!] !== lane) continue;
    const start = columns.start[at]!;
    const weight = code === FAILED ? -reach : 0;
    consider(start, start + (columns.duration[at]! || 0), weight, () => rowMark(columns, at));
  }
  return best;
}

/** The next (`by` 1) or previous (-1) task of a lane by start time; without `from` the first or last. */
export function neighbour(
  model: ResultModel,
  lanes: Lanes,
  lane: number,
  from: Mark | null,
  by: 1 | -1
): Mark | null {
  let best: Mark | null = null;
  const later = (a: Mark, b: Mark): number => by * (a.start - b.start || a.position - b.position);
  for (const mark of marksOf(model, lanes, lane)) {
    if (from && later(mark, from) <= 0) continue;
    if (!best || later(mark, best) < 0) best = mark;
  }
  return best;
}

/** The task of a lane that starts nearest to a time. */
export function nearestTask(model: ResultModel, lanes: Lanes, lane: number, time: number): Mark | null {
  let best: Mark | null = null;
  for (const mark of marksOf(model, lanes, lane)) {
    if (!best || Math.abs(mark.start - time) < Math.abs(best.start - time)) best = mark;
  }
  return best;
}

function* marksOf(model: ResultModel, lanes: Lanes, lane: number): Iterable<Mark> {
  const { columns, running } = model;
  for (let at = 0; at < columns.length; at++) {
    if (!hasRun(columns.status[at]!) || lanes.of[columns.slot[at]!] !== lane || Number.isNaN(columns.start[at]!))
      continue;
    yield rowMark(columns, at);
  }
  for (let i = 0; i < running.slot.length; i++) {
    if (lanes.of[running.slot[i]!] === lane) yield runningMark(model, i);
  }
}

/** Texts of a task's tooltip: its name, and its facts. */
export function describeTask(mark: Mark, model: ResultModel, now: number): [string, string] {
  const state = words.STATES[mark.status].join(' ');
  const age = formatDuration(Math.max(0, model.elapsed(now) - mark.start));
  const facts =
    mark.status === 'running' ? [`${state} for ${age}`] : [state, `took ${formatDuration(mark.duration)}`];
  return [
    joinFacts(words.formatTasks(mark.first, mark.inputs), words.engines([model.slots[mark.slot]])),
    joinFacts(...facts, `started at ${formatDuration(mark.start)}`)
  ];
}

/** Note where not all ended tasks are drawn; else empty. */
export function sampleNote(model: ResultModel): string {
  const { rowCount } = model.columns;
  if (!rowCount && model.connection === 'live') return ''; // the rows are on their way
  const cut = words.shownPart(rowCount, model.head.ended, `${words.messageNoun(model.head)}s`);
  return cut && `timeline shows ${cut}`;
}

/** Order of the tasks in a table: those in one state, sorted by a column. Pure. */

import { compareEngineIds, type ResultModel } from './result';
import { OK, QUEUED, RUNNING } from './task-columns';
import * as words from './words';
import type { TaskStatus } from '../protocol/types';
import { UNKNOWN_SLOT } from '../protocol/types';

/** Tasks of unknown outcome are among all others only. */
export type Filter = 'all' | Exclude<TaskStatus, 'unknown'>;
export const FILTERS: readonly Filter[] = ['all', 'failed', 'aborted', 'running', 'queued', 'ok'];

/** Columns by which tasks can be sorted. */
export type SortKey = 'task' | 'engine' | 'state' | 'started' | 'took';

export interface TaskList {
  positions: Uint32Array;
  /** Note where only a sample of the rows is here; else empty. */
  among: string;
}

const ENDED: readonly TaskStatus[] = ['ok', 'failed', 'aborted', 'unknown'];

/** Positions to list; where only a sample of the rows is here, the positions of those. */
export function listTasks(model: ResultModel, filter: Filter, key: SortKey, descending: boolean): TaskList {
  const { columns, head, running } = model;
  const isSaved = model.connection === 'static' || model.connection === 'connecting';
  const complete = columns.rowCount >= head.ended && !isSaved;
  const runningAt = new Set(running.position);
  const found = new Uint32Array(complete ? head.messages : columns.rowCount + runningAt.size);
  const end = complete ? head.messages : Math.max(columns.length, ...[...runningAt].map(at => at + 1));
  let count = 0;
  for (let at = 0; at < end && count < found.length; at++) {
    const code = columns.status[at] ?? QUEUED;
    const status = code >= OK ? ENDED[code - OK] : runningAt.has(at) ? 'running' : 'queued';
    if (!complete && status === 'queued') continue;
    if (filter === 'all' || filter === status) found[count++] = at;
  }
  const nouns = head.chunked ? 'messages' : 'tasks';
  const among = complete ? '' : words.shownPart(found.length, head.messages, nouns);
  const positions = found.subarray(0, count);
  sortPositions(positions, model, key, descending);
  return { positions, among: among && `${among} are known here` };
}

/** Sort in place; tasks without a value are last, and equal ones are in order of their position. */
function sortPositions(positions: Uint32Array, model: ResultModel, key: SortKey, descending: boolean): void {
  if (key === 'task') {
    if (descending) positions.reverse();
    return;
  }
  const values = sortValues(model, key);
  const valueOf = (at: number): number => values[at] ?? NaN;
  positions.sort((a, b) => {
    const [first, second] = [valueOf(a), valueOf(b)];
    const missing = Number(Number.isNaN(first)) - Number(Number.isNaN(second));
    return missing || (descending ? second - first : first - second) || a - b;
  });
}

/** What to sort by, by position; NaN where it is unknown. */
function sortValues(model: ResultModel, key: SortKey): Float64Array {
  const { columns, running, slots } = model;
  const { position, since, slot } = running;
  const values = new Float64Array(Math.max(columns.length, model.head.messages)).fill(NaN);
  const ranks = new Map(
    slots.map((id, at) => ({ id, at })).sort((a, b) => compareEngineIds(a.id, b.id)).map(({ at }, rank) => [at, rank])
  );
  const rankOf = (at: number): number => (at === UNKNOWN_SLOT ? NaN : (ranks.get(at) ?? NaN));
  const stateRank = (['queued', 'running', ...ENDED] as Filter[]).map(each => FILTERS.indexOf(each));
  if (key === 'state') values.fill(stateRank[QUEUED]!);
  for (let at = 0; at < columns.length; at++) {
    const status = columns.status[at]!;
    if (!status) continue;
    if (key === 'engine') values[at] = rankOf(columns.slot[at]!);
    else if (key === 'state') values[at] = stateRank[status] ?? NaN;
    else values[at] = key === 'started' ? columns.start[at]! : columns.duration[at]!;
  }
  const now = model.elapsed();
  position.forEach((at, i) => {
    if (columns.status[at]) return;
    if (key === 'engine') values[at] = rankOf(slot[i]!);
    else if (key === 'state') values[at] = stateRank[RUNNING]!;
    else values[at] = key === 'started' ? since[i]! : now - since[i]!;
  });
  return values;
}

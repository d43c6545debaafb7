/** What the panel and the status bar say of all results together. No DOM. */

import { stateOf } from '../model/state';
import type { Entry } from '../kernel/kernels';
import type { ResultModel } from '../model/result';
import type { Figures } from '../protocol/figures';
import { grouped, joined, plural, ticking } from '../ui/formatting';
import * as words from '../model/words';

export const FILTERS = ['all', 'running', 'failed'] as const;
export type Filter = (typeof FILTERS)[number];
export type Tally = Record<Filter, number>;

export function matches(model: ResultModel, filter: Filter): boolean {
  if (filter === 'all') return true;
  return filter === 'running' ? model.moving : model.head.state === 'failed';
}

export function tally(entries: readonly Entry[]): Tally {
  const count = (filter: Filter): number => entries.filter(({ model }) => matches(model, filter)).length;
  return { all: entries.length, running: count('running'), failed: count('failed') };
}

/** As in `3 running · 1 failed`; empty where nothing is tracked. */
export function summary({ all, running, failed }: Tally): string {
  const facts = joined(
    running ? `${grouped(running)} running` : '',
    failed ? `${grouped(failed)} failed` : ''
  );
  return facts || (all ? plural(all, 'result') : '');
}

/** How long a result still takes or took, short. */
export function pace(model: ResultModel, now = performance.now()): string {
  const { head } = model;
  if (head.finished) return words.times(head, head.elapsed)[0] ?? '';
  if (!model.moving) return stateOf(model)[1];
  return words.eta(head, model.eta(now)).replace(/^about /, '') || ticking(model.elapsed(now));
}

/** How far a result is, as in `412 of 1,000` or `3 of 200 failed`. */
export function far(model: ResultModel): string {
  const { head } = model;
  if (head.single) return words.outcome(head);
  return (head.finished && lost(head)) || words.progress(head);
}

/** What did not come out well, as in `3 of 200 failed, 12 aborted`; empty where all did. */
export function lost({ failed, aborted, total }: Figures): string {
  if (!failed) return aborted ? `${grouped(aborted)} of ${grouped(total)} aborted` : '';
  const also = aborted ? `, ${grouped(aborted)} aborted` : '';
  return `${grouped(failed)} of ${grouped(total)} failed${also}`;
}

/** Where a result was made, as in `climate.ipynb [12]`. */
export function place(model: ResultModel, path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1);
  const number = model.head.where.execution_count;
  return [file, number === null ? '' : `[${number}]`].filter(Boolean).join(' ');
}

/** Texts of the panel and the status bar about one or all results. No DOM. */

import type { ResultEntry } from '../kernel/kernels';
import type { ResultModel } from '../model/result';
import { stateOf } from '../model/state';
import * as words from '../model/words';
import type { Figures } from '../protocol/figures';
import { formatCount, joinFacts, plural, formatElapsed } from '../ui/formatting';

export const FILTERS = ['all', 'running', 'failed'] as const;
export type Filter = (typeof FILTERS)[number];
export type Counts = Record<Filter, number>;

export function matches(model: ResultModel, filter: Filter): boolean {
  if (filter === 'all') return true;
  return filter === 'running' ? model.isActive : model.head.state === 'failed';
}

export function countResults(entries: readonly ResultEntry[]): Counts {
  const count = (filter: Filter): number => entries.filter(({ model }) => matches(model, filter)).length;
  return { all: entries.length, running: count('running'), failed: count('failed') };
}

/** As in `3 running · 1 failed`; empty where there are no results. */
export function summarize({ all, running, failed }: Counts): string {
  const facts = joinFacts(
    running ? words.counted(running, 'running') : '',
    failed ? words.counted(failed, 'failed') : ''
  );
  return facts || (all ? plural(all, 'result') : '');
}

/** Time that a result took or still takes, in short. */
export function timeOf(model: ResultModel, now = performance.now()): string {
  const { head } = model;
  if (head.finished) return words.times(head, head.elapsed)[0] ?? '';
  if (!model.isActive) return stateOf(model)[1];
  return words.eta(head, model.eta(now)).replace(/^about /, '') || formatElapsed(model.elapsed(now));
}

/** Progress of a result, as in `412 of 1,000` or `3 of 200 failed`. */
export function progressOf(model: ResultModel): string {
  const { head } = model;
  if (head.single) return words.outcome(head);
  return (head.finished && lossesOf(head)) || words.progress(head);
}

const LOSSES: readonly string[] = ['failed', 'aborted', 'unknown'];

/** Tasks without a value, as in `3 of 200 failed, 12 cancelled`; empty where all have one. */
export function lossesOf(figures: Figures): string {
  const [first, ...others] = words.counts(figures).filter(({ state }) => LOSSES.includes(state));
  if (!first) return '';
  const of = `${formatCount(first.number)} of ${words.counted(figures.total, first.state)}`;
  return [of, ...others.map(({ phrase }) => phrase)].join(', ');
}

/** The cell that made a result, as in `climate.ipynb [12]`. */
export function cellOf(model: ResultModel, path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1);
  const number = model.head.where.execution_count;
  return [file, number === null ? '' : `[${number}]`].filter(Boolean).join(' ');
}

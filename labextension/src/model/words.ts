/** Wording of facts about results: the same texts as `ipar_results/render/words.py`. */

import type { Figures, Head } from '../protocol/figures';
import type { FailureUpdate } from '../protocol/messages';
import type { EngineLoad, FailedInput } from '../protocol/records';
import type { EngineId, Pair, ResultState, TaskStatus } from '../protocol/types';
import { oneLine } from '../ui/ansi';
import {
  capitalized,
  fixed,
  formatCount,
  formatDuration,
  formatElapsed,
  formatPercent,
  joinFacts,
  plural
} from '../ui/formatting';

/** Characters of a text from a task that are shown. */
const MAX_LENGTH = { name: 120, type: 80, message: 300, where: 120, engine: 40, value: 200, note: 500, input: 200 };
/** An engine was there for the whole run if it was for this share of it. */
const WHOLE = 0.99;
/** Of engines or inputs in one phrase. */
const MAX_SPANS = 8;

/** Message of a request that timed out. */
export const NO_ANSWER = 'No answer from the kernel.';

/** A state of a result or of a task. */
export type AnyState = ResultState | TaskStatus;

/** Glyph and word of every state. */
export const STATES: Record<AnyState, readonly [glyph: string, word: string]> = {
  empty: ['○', 'no tasks'],
  queued: ['○', 'queued'],
  running: ['▸', 'running'],
  ok: ['✓', 'ok'],
  done: ['✓', 'done'],
  failed: ['✕', 'failed'],
  aborted: ['⊘', 'cancelled'],
  unknown: ['?', 'outcome unknown'],
  lost: ['!', 'lost contact'],
  frozen: ['‖', 'no longer followed']
};

/** As in `14 failed`. */
export function counted(number: number, state: AnyState): string {
  return `${formatCount(number)} ${STATES[state][1]}`;
}

/** Label of a filter by state. */
export function filterLabel(filter: AnyState | 'all'): string {
  if (filter === 'ok') return 'OK';
  return capitalized(filter === 'all' ? filter : STATES[filter][1]);
}

/** Tasks in one state. */
export interface Count {
  state: AnyState;
  number: number;
  phrase: string;
}

export function resultName(figures: Figures): string {
  return oneLine(figures.name, MAX_LENGTH.name) || 'result';
}

export function note(figures: Figures): string {
  return oneLine(figures.note, MAX_LENGTH.note);
}

/** An engine's id alone, as in a table. */
export function engineLabel(id: EngineId | null | undefined): string {
  return id === null || id === undefined ? '–' : oneLine(String(id), MAX_LENGTH.engine);
}

/** Name engines in a phrase, as in `engines 0–3, 7`; empty where there are none. */
export function engines(ids: readonly (EngineId | null | undefined)[]): string {
  const known = new Set(ids.filter(id => id !== null && id !== undefined));
  const numbers = [...known].filter(id => typeof id === 'number').sort((a, b) => a - b);
  const parts = spansOf(numbers).map(spanText);
  const names = [...known].filter(id => typeof id === 'string');
  parts.push(...names.map(id => engineLabel(id)).sort());
  const more = parts.length - MAX_SPANS;
  const listed = parts.slice(0, MAX_SPANS).join(', ') + (more > 0 ? ` and ${formatCount(more)} more` : '');
  // A coalesced reply of several engines has one name for all of them.
  if (listed.startsWith('engines ')) return listed;
  return known.size ? `engine${known.size === 1 ? '' : 's'} ${listed}` : '';
}

/** Runs of consecutive numbers. */
function spansOf(numbers: readonly number[]): number[][] {
  const spans: number[][] = [];
  for (const number of numbers) {
    const last = spans.at(-1);
    if (last && number === last.at(-1)! + 1) last.push(number);
    else spans.push([number]);
  }
  return spans;
}

function spanText(span: readonly number[]): string {
  const [first, last] = [formatCount(span[0]!), formatCount(span.at(-1)!)];
  return span.length > 2 ? `${first}–${last}` : span.map(formatCount).join(', ');
}

/** Progress, as in `412 of 1,000` or, at the end, `1,000 tasks`. */
export function progress(figures: Figures): string {
  if (!figures.total) return STATES.empty[1];
  if (!figures.finished) return `${formatCount(figures.done)} of ${formatCount(figures.total)}`;
  return plural(figures.total, 'task') + (isChunked(figures) ? ` in ${messageCount(figures)}` : '');
}

/** Whether messages carry more or less than one task each. */
export function isChunked(figures: Figures): boolean {
  return figures.messages !== 0 && figures.messages !== figures.total;
}

/** Number of messages; a message of one task is called a task. */
export function messageCount(figures: Figures): string {
  return plural(figures.messages, messageNoun(figures));
}

/** What the messages are called, in the singular. */
export function messageNoun(figures: Figures): string {
  return isChunked(figures) ? 'message' : 'task';
}

/** Name of a message by its first task, where it is not known whether others follow. */
export function firstTask(index: number, figures: Figures): string {
  return `${isChunked(figures) ? 'chunk from ' : ''}task ${formatCount(index)}`;
}

/** Tasks by state, without states of no task. */
export function counts(figures: Figures): Count[] {
  const listed: [AnyState, number][] = [
    ['ok', figures.ok],
    ['failed', figures.failed],
    ['aborted', figures.aborted],
    ['unknown', figures.done - figures.ok - figures.failed - figures.aborted]
  ];
  if (figures.state === 'lost') listed.push(['lost', figures.running + figures.queued]);
  else listed.push(['running', figures.running], ['queued', figures.queued]);
  return listed
    .filter(([, number]) => number > 0)
    .map(([state, number]) => ({ state, number, phrase: counted(number, state) }));
}

/** Time taken in all or so far, and whether the result is no longer followed. */
export function times(figures: Figures, elapsed: number): string[] {
  if (figures.finished) {
    return figures.wall_time === null ? [] : [`took ${formatDuration(figures.wall_time)}`];
  }
  return [formatElapsed(elapsed), ...(figures.state === 'frozen' ? [STATES.frozen[1]] : [])];
}

/** Time left, as in `about 0:31 – 0:38 left`; empty where it is unknown. */
export function eta(figures: Figures, left: Pair | null): string {
  if (figures.finished || !left) return '';
  const [low, high] = [formatElapsed(Math.max(left[0], 1)), formatElapsed(Math.max(left[1], 1))];
  if (low === high) return `about ${high === '0:01' ? '1 s' : high} left`;
  return `about ${low} – ${high} left`;
}

/** Finished tasks a second, minute or hour; empty where it is unknown. */
export function throughput(figures: Figures): string {
  const perSecond = figures.throughput;
  if (!perSecond || !Number.isFinite(perSecond)) return '';
  const units: [number, string][] = [
    [1, 's'],
    [60, 'min']
  ];
  const [factor, unit] = units.find(([n]) => perSecond * n >= 0.995) ?? [3600, 'h'];
  const value = perSecond * factor;
  return `${value >= 99.95 ? formatCount(Number(fixed(value, 0))) : fixed(value, 1)} tasks/${unit}`;
}

/** Throughput, engine time and the mean number of busy engines. */
export function rates(figures: Figures): string[] {
  const facts = [throughput(figures)].filter(Boolean);
  if (figures.finished && figures.serial_time > 0) facts.push(`engine time ${formatDuration(figures.serial_time)}`);
  const { speedup, efficiency } = figures;
  if (speedup !== null && Number.isFinite(speedup)) facts.push(busyEngines(speedup, efficiency));
  return facts;
}

/** Busy engines, as in `7.4 of 8 engines busy on average (93 %)`; late ones count for their part of the run. */
function busyEngines(busy: number, share: number | null): string {
  const format = (value: number, digits: number, fewest = digits): string =>
    Number(fixed(value, digits)).toLocaleString('en-US', { minimumFractionDigits: fewest });
  const number = busy < 0.005 ? '< 0.01' : format(busy, busy >= 0.095 ? 1 : 2);
  if (!share) return `${number} engines busy on average`;
  const there = format(busy / share, 1, 0);
  return `${number} of ${there} engine${there === '1' ? '' : 's'} busy on average (${formatPercent(share)})`;
}

/** Number of engines that died, and that left, as in `1 engine died, 2 left`; empty where none did. */
export function lostEngines(loads: readonly EngineLoad[]): string {
  const [died, left] = ['died', 'left'].map(word => loads.filter(load => presence(load) === word).length) as Pair;
  if (died) return `${plural(died, 'engine')} died${left ? `, ${formatCount(left)} left` : ''}`;
  return left ? `${plural(left, 'engine')} left` : '';
}

/** Whether an engine died or left; empty for one that is in the cluster. */
export function presence(load: EngineLoad): string {
  if (load.died) return 'died';
  return load.alive ? '' : 'left';
}

/** Share of its time in the cluster in which an engine was busy, from 0 to 1. */
export function busyShare(load: EngineLoad, elapsed: number): number {
  const there = timeThere(load, elapsed);
  return there > 0 ? Math.min(1, Math.max(0, load.busy_time / there)) : 0;
}

/** That share, and of which time where that is not the whole run, as in `93 % of its 0:12`. */
export function busy(load: EngineLoad, elapsed: number): string {
  const share = formatPercent(busyShare(load, elapsed));
  const there = timeThere(load, elapsed);
  return there > 0 && there < WHOLE * elapsed ? `${share} of its ${formatDuration(there)}` : share;
}

function timeThere(load: EngineLoad, elapsed: number): number {
  return Math.max(0, (load.left ?? elapsed) - (load.joined ?? 0));
}

/** Value of a result of one task, or its state. */
export function outcome(figures: Figures): string {
  if (figures.finished && figures.ok && figures.value !== null)
    return `→ ${oneLine(figures.value, MAX_LENGTH.value)}`;
  const state = counts(figures)[0]?.state ?? 'queued';
  return STATES[state === 'ok' ? 'done' : state][1];
}

/** Exception of a group of failures, as Python writes it, and how many are like it. */
export function failureTitle(group: { type: string; message: string }, like = 0): string {
  const parts = [oneLine(group.type, MAX_LENGTH.type) || 'Error', oneLine(group.message, MAX_LENGTH.message)];
  const title = parts.filter(Boolean).join(': ');
  return like > 0 ? `${title} … and ${formatCount(like)} like it` : title;
}

/** Failures of a group that differ from the first in their messages alone. */
export function alike(group: { count: number; messages_differ: boolean }): number {
  return group.messages_differ ? group.count - 1 : 0;
}

/** Line between the frames of the user's code and the whole traceback. */
const WHOLE_TRACEBACK = '\nWhole traceback, with the frames of libraries:\n';

/** The frames of the user's code and, if it has others, the whole traceback. */
export function splitTraceback(traceback: string): string[] {
  const at = traceback.indexOf(WHOLE_TRACEBACK);
  const parts = at < 0 ? [traceback] : [traceback.slice(0, at), traceback.slice(at + WHOLE_TRACEBACK.length)];
  return parts.map(part => part.replace(/^\n+|\n+$/g, ''));
}

/** Place and engines of a group of failures, as in `simulate, line 13 · engines 0–7`. */
export function failureLocation(group: { where: string; engines: EngineId[] }): string {
  return joinFacts(oneLine(group.where, MAX_LENGTH.where), engines(group.engines));
}

type Affected = Pick<Required<FailureUpdate>, 'count' | 'indices' | 'first_time' | 'last_time'>;
/** When a run began, and the pauses in it. */
type Clocked = Pick<Head, 'base' | 'pauses'>;

/** Seconds from the first submission to a POSIX time, as if there had been no pauses before retries. */
export function afterStart(time: number, { base, pauses }: Clocked): number {
  return pauses.reduceRight((at, [begin, length]) => (at > begin ? Math.max(at - length, begin) : at), time) - base;
}

/** Which pauses before retries a timeline leaves out; empty if none. */
export function pauses(head: Pick<Head, 'pauses'>): string {
  const count = head.pauses.length;
  const length = formatDuration(head.pauses.reduce((sum, [, seconds]) => sum + seconds, 0));
  if (count < 2) return count ? `double line: a pause of ${length} before a retry is cut out` : '';
  return `double lines: ${formatCount(count)} pauses before retries, ${length} in all, are cut out`;
}

/** Tasks of a group of failures and their times, as in `tasks 3, 40–45 and 5 more · first at 0:12, last at 0:41`. */
export function failedTasks(group: Affected, head: Clocked): string {
  const spans = spansOf(group.indices).slice(0, MAX_SPANS);
  const more = group.count - spans.reduce((sum, span) => sum + span.length, 0);
  const listed = spans.map(spanText).join(', ') + (more > 0 ? ` and ${formatCount(more)} more` : '');
  const tasks = spans.length ? `task${group.count === 1 ? '' : 's'} ${listed}` : '';
  if (group.first_time === null || group.last_time === null) return tasks;
  const [first, last] = [group.first_time, group.last_time].map(time =>
    formatDuration(Math.max(0, afterStart(time, head)))
  ) as [string, string];
  return joinFacts(tasks, first === last ? `at ${first}` : `first at ${first}, last at ${last}`);
}

/** Input of a failed task, as in `input of task 3: (0, 7)`; empty where it is unknown. */
export function failedInput(input: FailedInput | null): string {
  return input ? `input of task ${formatCount(input[0])}: ${oneLine(input[1], MAX_LENGTH.input)}` : '';
}

/** Name of consecutive tasks, as in `task 412` or `tasks 400–411`. */
export function formatTasks(first: number, count: number): string {
  return `${count > 1 ? 'tasks' : 'task'} ${inputRange(first, count)}`;
}

/** Tasks of a message, as in `412` or `400–411`. */
export function inputRange(first: number, count: number): string {
  return count > 1 ? `${formatCount(first)}–${formatCount(first + count - 1)}` : formatCount(first);
}

/** How long a task took or, while it runs, has run so far. */
export function timeTaken(status: TaskStatus, seconds: number | null): string {
  return formatDuration(seconds) + (status === 'running' && Number.isFinite(seconds) ? ' so far' : '');
}

/** Part that is shown, as in `5 of 9 tasks`; empty where that is all. */
export function shownPart(shown: number, total: number, nouns: string): string {
  return shown < total ? `${formatCount(shown)} of ${formatCount(total)} ${nouns}` : '';
}

/** Time of day, with the date unless it is today's. */
export function timeOfDay(posix: number, today = new Date()): string {
  const then = new Date(1000 * posix);
  const time = `${String(then.getHours()).padStart(2, '0')}:${String(then.getMinutes()).padStart(2, '0')}`;
  if (then.toDateString() === today.toDateString()) return time;
  const day = [then.getFullYear(), then.getMonth() + 1, then.getDate()]
    .map(n => String(n).padStart(2, '0'))
    .join('-');
  return `${time} on ${day}`;
}

/** A sentence from the kernel on one line, of bounded length. */
export function sentence(text: string): string {
  return oneLine(text, MAX_LENGTH.note);
}

/** Message of an error, as a sentence to show. */
export function reason(error: unknown): string {
  return error instanceof Error && error.message
    ? sentence(error.message)
    : NO_ANSWER;
}

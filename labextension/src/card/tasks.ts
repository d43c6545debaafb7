/** Table of tasks, by page and state, with a button to open each. */

import type { ResultModel } from '../model/result';
import { OK, QUEUED } from '../model/task-columns';
import * as words from '../model/words';
import type { TaskStatus } from '../protocol/types';
import { rowMark, runningMark, unknownMark } from '../timeline/marks';
import type { Mark } from '../timeline/marks';
import { button, el, syncChildren, setText, setAttribute } from '../ui/dom';
import { formatDuration, formatCount, joinFacts } from '../ui/formatting';

const PAGE_SIZE = 50;
/** Tasks of unknown outcome are among all others only. */
type Filter = 'all' | Exclude<TaskStatus, 'unknown'>;
const FILTERS: Filter[] = ['all', 'failed', 'aborted', 'running', 'queued', 'ok'];

export class TasksView {
  readonly node = el('div');
  readonly #open: (mark: Mark) => void;
  readonly #filters: HTMLButtonElement[];
  readonly #body = el('tbody');
  readonly #pages = el('span', { class: 'ipar-cut' });
  readonly #back: HTMLButtonElement;
  readonly #next: HTMLButtonElement;
  #model: ResultModel | null = null;
  #filter: Filter = 'all';
  #page = 0;
  #marks: Mark[] = [];

  constructor(open: (mark: Mark) => void) {
    this.#open = open;
    this.#filters = FILTERS.map(filter =>
      button(words.filterLabel(filter), { class: 'ipar-link', 'aria-pressed': 'false' }, () => {
        this.#filter = filter;
        this.#turnPage(-this.#page);
      })
    );
    this.#back = button('Previous', { class: 'ipar-link' }, () => this.#turnPage(-1));
    this.#next = button('Next', { class: 'ipar-link' }, () => this.#turnPage(1));
    const columns = ['Task', 'Engine', 'State', 'Started', 'Took'];
    const header = columns.map((title, i) => {
      const hint = title === 'Started' ? 'after the first submission' : undefined;
      return el('th', { class: i === 2 ? 'ipar-left' : '', scope: 'col', title: hint }, title);
    });
    const table = el('table', { class: 'ipar-table' }, el('thead', {}, el('tr', {}, ...header)), this.#body);
    this.node.append(
      el('div', { class: 'ipar-row', role: 'group', 'aria-label': 'Which tasks' }, ...this.#filters),
      el('div', { class: 'ipar-scroll', tabindex: 0, role: 'group', 'aria-label': 'Tasks' }, table),
      el('div', { class: 'ipar-row' }, this.#back, this.#next, this.#pages)
    );
  }

  update(model: ResultModel): void {
    this.#model = model;
    this.#updateFilters(model);
    const { positions, among } = positionsOf(model, this.#filter);
    this.#page = Math.max(0, Math.min(this.#page, Math.ceil(positions.length / PAGE_SIZE) - 1));
    const from = this.#page * PAGE_SIZE;
    const running = new Map([...model.running.position].map((position, i) => [position, i]));
    this.#marks = [...positions.subarray(from, from + PAGE_SIZE)].map(at => markOf(model, at, running));
    syncChildren(this.#body, this.#marks, () => this.#createRow(), (row, mark) => updateRow(row, mark, model));
    setAttribute(this.#back, 'disabled', this.#page === 0);
    setAttribute(this.#next, 'disabled', from + PAGE_SIZE >= positions.length);
    const last = Math.min(positions.length, from + PAGE_SIZE);
    const shown = last
      ? `${formatCount(from + 1)}–${formatCount(last)} of ${formatCount(positions.length)}`
      : 'None.';
    setText(this.#pages, joinFacts(shown, among));
  }

  #turnPage(by: number): void {
    this.#page += by;
    if (this.#model) this.update(this.#model);
  }

  #updateFilters({ head }: ResultModel): void {
    FILTERS.forEach((filter, i) => {
      const node = this.#filters[i]!;
      const count = filter === 'all' ? head.total : head[filter];
      const useless = filter !== 'all' && (count === 0 || count === head.total) && filter !== this.#filter;
      setAttribute(node, 'hidden', useless);
      setAttribute(node, 'aria-pressed', String(filter === this.#filter));
      setText(node, `${words.filterLabel(filter)} ${formatCount(count)}`);
    });
  }

  #createRow(): HTMLTableRowElement {
    const row: HTMLTableRowElement = el('tr');
    const name = button('', { class: 'ipar-link' }, () => {
      const mark = this.#marks[row.sectionRowIndex];
      if (mark) this.#open(mark);
    });
    row.append(
      el('td', {}, name),
      el('td'),
      el('td', { class: 'ipar-left' }, el('span'), el('span')),
      el('td'),
      el('td')
    );
    return row;
  }
}

function updateRow(row: HTMLTableRowElement, mark: Mark, model: ResultModel): void {
  const [name, engine, state, started, took] = [...row.cells];
  if (!name || !engine || !state || !started || !took) return;
  const [shape, word] = words.STATES[mark.status];
  setText(name.firstElementChild!, taskName(mark, model));
  setAttribute(name.firstElementChild!, 'aria-label', `Open task ${taskName(mark, model)}`);
  setText(engine, words.engineLabel(model.slots[mark.slot]));
  setAttribute(state.firstElementChild!, 'class', `ipar-${mark.status}`);
  setText(state.firstElementChild!, shape);
  setText(state.lastElementChild!, ` ${word}`);
  setText(started, formatDuration(mark.start));
  setText(took, formatDuration(mark.duration));
}

/** Inputs of a task, or its position where it is a chunk that has not begun. */
export function taskName(mark: Mark, model: ResultModel): string {
  const unknownInputs = model.head.chunked && mark.status === 'queued';
  return unknownInputs ? `message ${formatCount(mark.position)}` : words.inputRange(mark.first, mark.inputs);
}

function markOf(model: ResultModel, at: number, running: Map<number, number>): Mark {
  const i = running.get(at);
  if (i !== undefined && !model.columns.status[at]) return runningMark(model, i);
  if (model.columns.status[at]) return rowMark(model.columns, at);
  return unknownMark(at, at, 'queued');
}

/** Positions to list; where only a sample of the rows is here, the positions of those. */
function positionsOf(model: ResultModel, filter: Filter): { positions: Uint32Array; among: string } {
  const { columns, head, running } = model;
  const complete = columns.rowCount >= head.ended && model.connection !== 'static';
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
  return { positions: found.subarray(0, count), among: among && `${among} are known here` };
}

const ENDED: readonly TaskStatus[] = ['ok', 'failed', 'aborted', 'unknown'];

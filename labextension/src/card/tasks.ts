/** The tasks, fifty a page: what is known of each, and the way to its details. */

import { button, el, fill, say, set } from '../ui/dom';
import { OK, QUEUED } from '../model/task-columns';
import { rowMark, runningMark } from '../timeline/marks';
import type { Mark } from '../timeline/marks';
import { clock, grouped, joined } from '../ui/formatting';
import * as words from '../model/words';
import type { ResultModel } from '../model/result';
import type { TaskStatus } from '../protocol/types';

const PAGE = 50;
const FILTERS: ['all' | TaskStatus, string][] = [
  ['all', 'All'],
  ['failed', 'Failed'],
  ['aborted', 'Aborted'],
  ['running', 'Running'],
  ['queued', 'Queued'],
  ['ok', 'Ok']
];

export class TasksView {
  readonly node = el('div');
  readonly #open: (mark: Mark) => void;
  readonly #filters: HTMLButtonElement[];
  readonly #body = el('tbody');
  readonly #pages = el('span', { class: 'ipar-cut' });
  readonly #back: HTMLButtonElement;
  readonly #next: HTMLButtonElement;
  #model: ResultModel | null = null;
  #filter: 'all' | TaskStatus = 'all';
  #page = 0;
  #marks: Mark[] = [];

  constructor(open: (mark: Mark) => void) {
    this.#open = open;
    this.#filters = FILTERS.map(([filter, label]) =>
      button(label, { class: 'ipar-link', 'aria-pressed': 'false' }, () => {
        this.#filter = filter;
        this.#turn(-this.#page);
      })
    );
    this.#back = button('Previous', { class: 'ipar-link' }, () => this.#turn(-1));
    this.#next = button('Next', { class: 'ipar-link' }, () => this.#turn(1));
    const columns = ['Task', 'Engine', 'State', 'Started', 'Took'];
    const header = columns.map((title, i) => {
      const hint = title === 'Started' ? "after the first submission, by the engine's clock" : undefined;
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
    this.#choices(model);
    const { positions, among } = listed(model, this.#filter);
    this.#page = Math.max(0, Math.min(this.#page, Math.ceil(positions.length / PAGE) - 1));
    const from = this.#page * PAGE;
    const running = new Map([...model.running.position].map((position, i) => [position, i]));
    this.#marks = [...positions.subarray(from, from + PAGE)].map(at => markOf(model, at, running));
    fill(
      this.#body,
      this.#marks.length,
      () => this.#make(),
      (row, i) => {
        const mark = this.#marks[i];
        if (mark) write(row, mark, model);
      }
    );
    set(this.#back, 'disabled', this.#page === 0);
    set(this.#next, 'disabled', from + PAGE >= positions.length);
    const last = Math.min(positions.length, from + PAGE);
    const shown = last
      ? `${grouped(from + 1)}–${grouped(last)} of ${grouped(positions.length)}`
      : 'None.';
    say(this.#pages, joined(shown, among));
  }

  #turn(by: number): void {
    this.#page += by;
    if (this.#model) this.update(this.#model);
  }

  #choices({ head }: ResultModel): void {
    FILTERS.forEach(([filter, label], i) => {
      const node = this.#filters[i];
      if (!node) return;
      const count = filter === 'all' ? head.total : head[filter];
      set(
        node,
        'hidden',
        filter !== 'all' && (count === 0 || count === head.total) && filter !== this.#filter
      );
      set(node, 'aria-pressed', String(filter === this.#filter));
      say(node, `${label} ${grouped(count)}`);
    });
  }

  #make(): HTMLTableRowElement {
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

function write(row: HTMLTableRowElement, mark: Mark, model: ResultModel): void {
  const [name, engine, state, started, took] = [...row.cells];
  if (
    !name?.firstElementChild ||
    !engine ||
    !state?.firstElementChild ||
    !state.lastElementChild ||
    !started ||
    !took
  )
    return;
  const [shape, word] = words.STATES[mark.status];
  say(name.firstElementChild, title(mark, model));
  set(name.firstElementChild, 'aria-label', `Open task ${title(mark, model)}`);
  say(engine, words.engine(model.slots[mark.slot]));
  set(state.firstElementChild, 'class', `ipar-${mark.status}`);
  say(state.firstElementChild, shape);
  say(state.lastElementChild, ` ${word}`);
  say(started, clock(mark.start));
  say(took, clock(mark.duration));
}

/** The inputs a task carries; a chunk that has not begun is known by its number only. */
export function title(mark: Mark, model: ResultModel): string {
  const unknown = model.head.chunked && mark.status === 'queued';
  return unknown ? `message ${grouped(mark.position)}` : words.inputs(mark.first, mark.inputs);
}

function markOf(model: ResultModel, at: number, running: Map<number, number>): Mark {
  const i = running.get(at);
  if (i !== undefined && !model.columns.status[at]) return runningMark(model, i);
  if (model.columns.status[at]) return rowMark(model.columns, at);
  return { position: at, first: at, inputs: 1, slot: 0xffff, status: 'queued', start: NaN, duration: NaN };
}

/** The positions to list; where only a sample of rows has come, those that are known. */
function listed(model: ResultModel, filter: 'all' | TaskStatus): { positions: Uint32Array; among: string } {
  const { columns, head, running } = model;
  const whole = columns.known >= head.ended && model.connection !== 'static';
  const busy = new Set(running.position);
  const found = new Uint32Array(whole ? head.messages : columns.known + busy.size);
  const end = whole ? head.messages : Math.max(columns.length, ...[...busy].map(at => at + 1));
  let count = 0;
  for (let at = 0; at < end && count < found.length; at++) {
    const code = columns.status[at] ?? QUEUED;
    const status = code >= OK ? ENDED[code - OK] : busy.has(at) ? 'running' : 'queued';
    if (!whole && status === 'queued') continue;
    if (filter === 'all' || filter === status) found[count++] = at;
  }
  const nouns = head.chunked ? 'messages' : 'tasks';
  const among = whole ? '' : words.cut(found.length, head.messages, nouns);
  return { positions: found.subarray(0, count), among: among && `${among} are known here` };
}

const ENDED: readonly TaskStatus[] = ['ok', 'failed', 'aborted'];

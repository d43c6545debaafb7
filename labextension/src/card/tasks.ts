/** Table of tasks, by page and state, sorted by a column, with a button to open each. */

import type { ResultModel } from '../model/result';
import { FILTERS, listTasks, type Filter, type SortKey, type TaskList } from '../model/task-order';
import * as words from '../model/words';
import { rowMark, runningMark, unknownMark, type Mark } from '../timeline/marks';
import { button, el, syncChildren, setText, setAttribute } from '../ui/dom';
import { formatDuration, formatCount, joinFacts } from '../ui/formatting';

const PAGE_SIZE = 50;
/** Milliseconds between two sorts of a table while tasks end, at least; and as a multiple of what one takes. */
const SORT_INTERVAL = 1_000;
const SORT_SHARE = 10;
/** Milliseconds until inputs are requested again after a request failed. */
const RETRY_DELAY = 10_000;
const COLUMNS: readonly [SortKey, string][] = [
  ['task', 'Task'],
  ['engine', 'Engine'],
  ['state', 'State'],
  ['started', 'Started'],
  ['took', 'Took']
];

export class TasksView {
  readonly node = el('div');
  readonly #filters = FILTERS.map(filter =>
    button(words.filterLabel(filter), { class: 'ipar-link', 'aria-pressed': 'false' }, () => {
      this.#filter = filter;
      this.#showFirstPage();
    })
  );
  readonly #headers = COLUMNS.map(([key, title]) => {
    const hint = key === 'started' ? 'after the first submission' : undefined;
    const sort = button(title, { class: 'ipar-sort', title: hint }, () => this.#sortBy(key));
    return el('th', { scope: 'col' }, sort);
  });
  readonly #inputHeader = el('th', { scope: 'col' }, 'Input');
  readonly #body = el('tbody');
  readonly #pages = el('span', { class: 'ipar-cut' });
  readonly #back = button('Previous', { class: 'ipar-link' }, () => this.#turnPage(-1));
  readonly #next = button('Next', { class: 'ipar-link' }, () => this.#turnPage(1));
  #model: ResultModel | null = null;
  #filter: Filter = 'all';
  #sortKey: SortKey = 'task';
  #descending = false;
  #page = 0;
  #list: TaskList | null = null;
  /** When the list may be made anew, on the page's clock. */
  #sortDue = 0;
  #timer = 0;
  #marks: Mark[] = [];
  /** Short texts of inputs by position; null for one that the kernel does not have. */
  readonly #inputs = new Map<number, string | null>();
  /** Positions of which the last request failed; they are requested again when that is due. */
  readonly #failed = new Set<number>();
  #retryDue = 0;
  #fetching = false;

  constructor(private readonly open: (mark: Mark) => void) {
    const head = el('thead', {}, el('tr', {}, ...this.#headers, this.#inputHeader));
    const table = el('table', { class: 'ipar-table ipar-tasks' }, head, this.#body);
    this.node.append(
      el('div', { class: 'ipar-row', role: 'group', 'aria-label': 'Which tasks' }, ...this.#filters),
      el('div', { class: 'ipar-scroll', tabindex: 0, role: 'group', 'aria-label': 'Tasks' }, table),
      el('div', { class: 'ipar-row' }, this.#back, this.#next, this.#pages)
    );
  }

  update(model: ResultModel): void {
    if (model !== this.#model) {
      this.#model = model;
      this.#inputs.clear();
      this.#failed.clear();
      this.#list = null;
    }
    this.#updateFilters(model);
    const { positions, among } = this.#listed(model);
    this.#page = Math.max(0, Math.min(this.#page, Math.ceil(positions.length / PAGE_SIZE) - 1));
    const from = this.#page * PAGE_SIZE;
    const running = new Map([...model.running.position].map((position, i) => [position, i]));
    this.#marks = [...positions.subarray(from, from + PAGE_SIZE)].map(at => markOf(model, at, running));
    this.#drawRows(model);
    void this.#fetchInputs(model);
    for (const turn of [this.#back, this.#next]) setAttribute(turn, 'hidden', positions.length <= PAGE_SIZE);
    setAttribute(this.#back, 'disabled', this.#page === 0);
    setAttribute(this.#next, 'disabled', from + PAGE_SIZE >= positions.length);
    const last = Math.min(positions.length, from + PAGE_SIZE);
    const shown = last
      ? `${formatCount(from + 1)}–${formatCount(last)} of ${formatCount(positions.length)}`
      : 'None.';
    setText(this.#pages, joinFacts(shown, among));
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#model = null;
  }

  /** The tasks in order. Sorted ones stay in place for a while, so that they can be read and cost little. */
  #listed(model: ResultModel): TaskList {
    const begin = performance.now();
    clearTimeout(this.#timer);
    if (this.#list && begin < this.#sortDue) {
      this.#timer = window.setTimeout(() => this.#turnPage(0), this.#sortDue - begin);
      return this.#list;
    }
    this.#list = listTasks(model, this.#filter, this.#sortKey, this.#descending);
    const end = performance.now();
    this.#sortDue = this.#sortKey === 'task' ? 0 : end + Math.max(SORT_INTERVAL, SORT_SHARE * (end - begin));
    return this.#list;
  }

  /** Sort by a column: the longest first, of others the first; in reverse where it is sorted by already. */
  #sortBy(key: SortKey): void {
    this.#descending = key === this.#sortKey ? !this.#descending : key === 'took';
    this.#sortKey = key;
    this.#showFirstPage();
  }

  #showFirstPage(): void {
    this.#list = null;
    this.#turnPage(-this.#page);
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

  /** Draw the rows; the column of inputs is left out where none is known. */
  #drawRows(model: ResultModel): void {
    const isLive = model.request !== null && model.connection === 'live';
    const inputs = this.#marks.map(mark => this.#inputOf(mark, model));
    const withInputs = inputs.some(text => (text === undefined ? isLive : text));
    setAttribute(this.#inputHeader, 'hidden', !withInputs);
    COLUMNS.forEach(([key], i) => {
      const order = this.#descending ? 'descending' : 'ascending';
      setAttribute(this.#headers[i]!, 'aria-sort', key === this.#sortKey ? order : undefined);
    });
    const rows = this.#marks.map((mark, i) => ({ mark, input: inputs[i] ?? '' }));
    syncChildren(this.#body, rows, () => this.#createRow(), (row, { mark, input }) => {
      updateRow(row, mark, model);
      const cell = row.cells[COLUMNS.length]!;
      setAttribute(cell, 'hidden', !withInputs);
      setAttribute(cell, 'title', input || undefined);
      setText(cell, input);
    });
  }

  /** A short text of a task's input; undefined until the kernel has been asked. */
  #inputOf({ position, first }: Mark, model: ResultModel): string | null | undefined {
    const known = this.#inputs.get(position) ?? model.tasks.find(task => task.index === first)?.input;
    return known ? words.sentence(known) : this.#inputs.get(position);
  }

  /** Fetch the inputs of the shown rows that have none yet; one request at a time. */
  async #fetchInputs(model: ResultModel): Promise<void> {
    const isDue = performance.now() >= this.#retryDue;
    const positions = this.#marks
      .map(mark => mark.position)
      .filter(at => !this.#inputs.has(at) || (isDue && this.#failed.has(at)));
    if (this.#fetching || !positions.length || !model.request || model.connection !== 'live') return;
    this.#fetching = true;
    // An input that can't be had is left out, as one that is too large.
    const reply = await model.request({ type: 'inputs', result: model.id, positions }).catch(() => null);
    this.#fetching = false;
    if (!this.#model) return;
    if (model === this.#model) {
      positions.forEach((at, i) => {
        this.#inputs.set(at, reply?.inputs[i] ?? null);
        if (reply) this.#failed.delete(at);
        else this.#failed.add(at);
      });
      if (!reply) this.#retryDue = performance.now() + RETRY_DELAY;
      this.#drawRows(model);
    }
    void this.#fetchInputs(this.#model);
  }

  #createRow(): HTMLTableRowElement {
    const row: HTMLTableRowElement = el('tr');
    const name = button('', { class: 'ipar-link' }, () => {
      const mark = this.#marks[row.sectionRowIndex];
      if (mark) this.open(mark);
    });
    const state = el('td', {}, el('span'), el('span'));
    row.append(el('td', {}, name), el('td'), state, el('td'), el('td'), el('td'));
    return row;
  }
}

function updateRow(row: HTMLTableRowElement, mark: Mark, model: ResultModel): void {
  const [name, engine, state, started, took] = [...row.cells];
  if (!name || !engine || !state || !started || !took) return;
  const [shape, word] = words.STATES[mark.status];
  setText(name.firstElementChild!, taskName(mark, model));
  setAttribute(name.firstElementChild!, 'aria-label', `Open ${taskTitle(mark, model)}`);
  setText(engine, words.engineLabel(model.slots[mark.slot]));
  setAttribute(state.firstElementChild!, 'class', `ipar-${mark.status}`);
  setText(state.firstElementChild!, shape);
  setText(state.lastElementChild!, ` ${word}`);
  setText(started, formatDuration(mark.start));
  const running = mark.status === 'running';
  setText(took, words.timeTaken(mark.status, running ? Math.max(0, model.elapsed() - mark.start) : mark.duration));
}

/** Name of a task or of a chunk, as in `task 412`, `tasks 400–411` or `message 7`. */
export function taskTitle(mark: Mark, model: ResultModel): string {
  const name = taskName(mark, model);
  return name.startsWith('message') ? name : words.formatTasks(mark.first, mark.inputs);
}

/** Tasks of a row, or its position where it is a chunk that has not begun. */
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

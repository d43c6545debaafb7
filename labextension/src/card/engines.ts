/** Engines of a result: a table, or a map with one cell each where there are many. */

import type { ResultModel } from '../model/result';
import * as words from '../model/words';
import type { Figures } from '../protocol/figures';
import type { EngineLoad } from '../protocol/records';
import { bdi, el, syncChildren, setText, setAttribute } from '../ui/dom';
import { formatDuration, formatCount, joinFacts, plural } from '../ui/formatting';

/** Engines beyond this number make a map. */
const MAX_ROWS = 64;
const LABEL = 'Engines: arrow keys go from one to another';

export class EnginesView {
  readonly node = el('div');
  readonly #table = el('div', { class: 'ipar-scroll', tabindex: 0, role: 'group', 'aria-label': 'Engines' });
  readonly #body = el('tbody');
  readonly #header = el('tr');
  readonly #map = el('div', {
    class: 'ipar-map',
    tabindex: 0,
    role: 'group',
    'aria-label': LABEL,
    'data-lm-suppress-shortcuts': 'true'
  });
  readonly #readout = el('p', { class: 'ipar-cut', 'aria-live': 'polite' });
  #loads: readonly EngineLoad[] = [];
  #elapsed = 0;
  #figures: Figures | null = null;
  /** Seconds since the model's last update: running tasks have run for so much longer. */
  #sinceUpdate = 0;
  #chosen = -1;

  constructor() {
    const columns = ['Engine', 'OK', 'Failed', 'Now', 'Busy'];
    this.#header.append(
      ...columns.map((title, i) => el('th', { class: i > 2 ? 'ipar-left' : '', scope: 'col' }, title))
    );
    setAttribute(this.#header.lastElementChild!, 'title', 'Share of the time for which the engine was in the cluster');
    this.#table.append(el('table', { class: 'ipar-table' }, el('thead', {}, this.#header), this.#body));
    this.node.append(this.#table, this.#map, this.#readout);
    this.#map.addEventListener('keydown', event => this.#onKey(event));
    this.#map.addEventListener('pointermove', event =>
      this.#choose([...this.#map.children].indexOf(event.target as Element))
    );
  }

  update(model: ResultModel, now: number): void {
    this.#loads = model.engines;
    this.#elapsed = model.elapsed(now);
    this.#figures = model.head;
    this.#sinceUpdate = this.#elapsed - model.head.elapsed;
    const many = this.#loads.length > MAX_ROWS;
    setAttribute(this.#table, 'hidden', many || !this.#loads.length);
    setAttribute(this.#map, 'hidden', !many);
    if (many) this.#drawMap();
    else this.#drawTable(model.head.finished);
    this.#updateReadout();
  }

  #drawTable(finished: boolean): void {
    setAttribute(this.#header.children[3]!, 'hidden', finished);
    const create = (): HTMLTableRowElement =>
      el(
        'tr',
        {},
        el('td', {}, bdi(''), el('span', { class: 'ipar-lost' })),
        el('td'),
        el('td'),
        el('td', { class: 'ipar-left' }, el('span', { class: 'ipar-running' }), el('span')),
        el('td', { class: 'ipar-left' }, el('span', { class: 'ipar-share' }, el('i')), el('span'))
      );
    syncChildren(this.#body, this.#loads, create, (row, load) => this.#drawRow(row, load, finished));
  }

  #drawRow(row: HTMLTableRowElement, load: EngineLoad, finished: boolean): void {
    const [name, ok, failed, now, busy] = [...row.cells];
    if (!name || !ok || !failed || !now || !busy) return;
    const atNow = this.#atNow(load);
    const presence = words.presence(load);
    const parts = (cell: Element, first: string, second: string): void => {
      setText(cell.children[0]!, first);
      setText(cell.children[1]!, second);
    };
    parts(name, words.engineLabel(load.engine_id), presence && ` ! ${presence}`);
    setText(ok, formatCount(load.done - load.failed));
    setText(failed, load.failed ? formatCount(load.failed) : '–');
    setAttribute(failed, 'class', load.failed ? 'ipar-failed' : '');
    setAttribute(now, 'hidden', finished);
    parts(now, load.running ? '▸ ' : '', this.#runningTask(load) || '–');
    setText(busy.children[1]!, ` ${words.busy(atNow, this.#elapsed)}`);
    const width = `${Math.round(100 * words.busyShare(atNow, this.#elapsed))}%`;
    (busy.firstElementChild?.firstElementChild as HTMLElement).style.width = width;
  }

  #drawMap(): void {
    syncChildren(this.#map, this.#loads, () => el('i'), (cell, load) => {
      const state = !load.alive ? 'lost' : load.failed ? 'failed' : load.running ? 'running' : 'idle';
      setAttribute(cell, 'class', `ipar-cell ipar-cell-${state}${load.running ? ' ipar-cell-now' : ''}`);
      const shade = String(Math.round(10 * words.busyShare(this.#atNow(load), this.#elapsed)) / 10);
      if (cell.style.getPropertyValue('--ipar-shade') !== shade) cell.style.setProperty('--ipar-shade', shade);
    });
  }

  #onKey(event: KeyboardEvent): void {
    const perRow = Math.max(1, Math.floor((this.#map.clientWidth + 2) / 16));
    const steps: Record<string, number> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: perRow,
      ArrowUp: -perRow
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.#choose(Math.max(0, Math.min(this.#loads.length - 1, this.#chosen < 0 ? 0 : this.#chosen + step)));
    this.#map.children[this.#chosen]?.scrollIntoView({ block: 'nearest' });
  }

  #choose(at: number): void {
    if (at < 0) return;
    this.#map.children[this.#chosen]?.removeAttribute('data-chosen');
    this.#chosen = at;
    setAttribute(this.#map.children[at]!, 'data-chosen', 'true');
    this.#updateReadout();
  }

  /** Describe the chosen engine of the map, or else the map. */
  #updateReadout(): void {
    const count = this.#loads.length;
    const load = this.#loads[this.#chosen];
    if (!count) setText(this.#readout, 'No engine has begun.');
    else if (count <= MAX_ROWS) setText(this.#readout, '');
    else if (!load)
      setText(
        this.#readout,
        `${plural(count, 'engine')}: the darker a cell, the busier; ✕ failures, ! died or left`
      );
    else {
      const failed = load.failed ? words.counted(load.failed, 'failed') : '';
      const busy = `busy ${words.busy(this.#atNow(load), this.#elapsed)}`;
      const facts = [
        words.counted(load.done - load.failed, 'ok'),
        failed,
        this.#runningTask(load),
        busy,
        words.presence(load)
      ];
      setText(this.#readout, joinFacts(words.engines([load.engine_id]), ...facts));
    }
  }

  #runningTask(load: EngineLoad): string {
    if (!load.running || !this.#figures) return '';
    const time = formatDuration(load.running[1] + this.#sinceUpdate);
    return `${words.firstTask(load.running[0], this.#figures)} for ${time}`;
  }

  /** The engine as it is now: its running task has run on since the last update. */
  #atNow(load: EngineLoad): EngineLoad {
    return load.running ? { ...load, busy_time: load.busy_time + this.#sinceUpdate } : load;
  }
}

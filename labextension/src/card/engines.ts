/** What each engine does: a table, or for many of them a map of one cell each. */

import { bdi, el, fill, say, set } from '../ui/dom';
import { clock, grouped, joined, plural, share } from '../ui/formatting';
import * as words from '../model/words';
import type { ResultModel } from '../model/result';
import type { EngineLoad } from '../protocol/records';

/** More engines than this become a map. */
const MOST_ROWS = 64;
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
  /** Seconds since the model was told last: what runs has run for so much longer. */
  #since = 0;
  #at = -1;

  constructor() {
    const columns = ['Engine', 'Done', 'Failed', 'Now', 'Busy'];
    this.#header.append(
      ...columns.map((title, i) => el('th', { class: i > 2 ? 'ipar-left' : '', scope: 'col' }, title))
    );
    this.#table.append(el('table', { class: 'ipar-table' }, el('thead', {}, this.#header), this.#body));
    this.node.append(this.#table, this.#map, this.#readout);
    this.#map.addEventListener('keydown', event => this.#key(event));
    this.#map.addEventListener('pointermove', event =>
      this.#choose([...this.#map.children].indexOf(event.target as Element))
    );
  }

  update(model: ResultModel, now: number): void {
    this.#loads = model.engines;
    this.#elapsed = model.elapsed(now);
    this.#since = this.#elapsed - model.head.elapsed;
    const many = this.#loads.length > MOST_ROWS;
    set(this.#table, 'hidden', many || !this.#loads.length);
    set(this.#map, 'hidden', !many);
    if (many) this.#cells();
    else this.#rows(model.head.finished);
    this.#tell();
  }

  #rows(finished: boolean): void {
    set(this.#header.children[3]!, 'hidden', finished);
    const make = (): HTMLTableRowElement => {
      const row = el('tr');
      row.append(
        el('td'),
        el('td'),
        el('td'),
        el('td', { class: 'ipar-left' }),
        el('td', { class: 'ipar-left' })
      );
      row.cells[0]?.append(bdi(''), el('span', { class: 'ipar-lost' }));
      row.cells[3]?.append(el('span', { class: 'ipar-running' }), el('span'));
      row.cells[4]?.append(el('span', { class: 'ipar-share' }, el('i')), el('span'));
      return row;
    };
    fill(this.#body, this.#loads.length, make, (row, i) => {
      const load = this.#loads[i];
      if (load) this.#row(row, load, finished);
    });
  }

  #row(row: HTMLTableRowElement, load: EngineLoad, finished: boolean): void {
    const [name, done, failed, now, busy] = [...row.cells];
    if (!name || !done || !failed || !now || !busy) return;
    const used = this.#busy(load);
    const parts = (cell: Element, first: string, second: string): void => {
      say(cell.children[0]!, first);
      say(cell.children[1]!, second);
    };
    parts(name, words.engine(load.engine_id), load.alive ? '' : ' ! died');
    say(done, grouped(load.done));
    say(failed, load.failed ? grouped(load.failed) : '–');
    set(failed, 'class', load.failed ? 'ipar-failed' : '');
    set(now, 'hidden', finished);
    parts(now, load.running ? '▸ ' : '', this.#doing(load) || '–');
    say(busy.children[1]!, ` ${share(used)}`);
    (busy.firstElementChild?.firstElementChild as HTMLElement).style.width = `${Math.round(100 * used)}%`;
  }

  #cells(): void {
    fill(
      this.#map,
      this.#loads.length,
      () => el('i'),
      (cell, i) => {
        const load = this.#loads[i];
        if (!load) return;
        const state = !load.alive ? 'lost' : load.failed ? 'failed' : load.running ? 'running' : 'idle';
        set(cell, 'class', `ipar-cell ipar-cell-${state}${load.running ? ' ipar-cell-now' : ''}`);
        const shade = String(Math.round(10 * this.#busy(load)) / 10);
        if (cell.style.getPropertyValue('--ipar-shade') !== shade)
          cell.style.setProperty('--ipar-shade', shade);
      }
    );
  }

  #key(event: KeyboardEvent): void {
    const across = Math.max(1, Math.floor((this.#map.clientWidth + 2) / 16));
    const steps: Record<string, number> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: across,
      ArrowUp: -across
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.#choose(Math.max(0, Math.min(this.#loads.length - 1, this.#at < 0 ? 0 : this.#at + step)));
    this.#map.children[this.#at]?.scrollIntoView({ block: 'nearest' });
  }

  #choose(at: number): void {
    if (at < 0) return;
    this.#map.children[this.#at]?.removeAttribute('data-chosen');
    this.#at = at;
    set(this.#map.children[at]!, 'data-chosen', 'true');
    this.#tell();
  }

  /** The chosen engine of the map in words, or what the map shows. */
  #tell(): void {
    const count = this.#loads.length;
    const load = this.#loads[this.#at];
    if (!count) say(this.#readout, 'No engine has begun.');
    else if (count <= MOST_ROWS) say(this.#readout, '');
    else if (!load)
      say(
        this.#readout,
        `${plural(count, 'engine')}: the darker a cell, the busier; ✕ failures, ! died`
      );
    else {
      const failed = load.failed ? `${grouped(load.failed)} failed` : '';
      const busy = `busy ${share(this.#busy(load))}`;
      const facts = [
        `${grouped(load.done)} done`,
        failed,
        this.#doing(load),
        busy,
        load.alive ? '' : 'died'
      ];
      say(this.#readout, joined(words.engines([load.engine_id]), ...facts));
    }
  }

  #doing(load: EngineLoad): string {
    if (!load.running) return '';
    return `task ${grouped(load.running[0])} for ${clock(load.running[1] + this.#since)}`;
  }

  /** The part of the time that the engine worked. */
  #busy(load: EngineLoad): number {
    const busy = load.busy_time + (load.running ? this.#since : 0);
    return this.#elapsed > 0 ? Math.min(1, Math.max(0, busy / this.#elapsed)) : 0;
  }
}

/** Row of one result in the panel. */

import type { ResultEntry } from '../kernel/kernels';
import { stateOf } from '../model/state';
import * as words from '../model/words';
import { ACTIONS, ACTION_NAMES, type Action } from '../protocol/actions';
import { bdi, button, el, setText, setAttribute } from '../ui/dom';
import { joinFacts } from '../ui/formatting';
import { ProgressBar } from '../ui/progress-bar';
import * as summary from './summary';

export interface RowCallbacks {
  openCell(entry: ResultEntry): void;
  /** Run an action; `button` is the one that was pressed. */
  run(entry: ResultEntry, action: Action, button: HTMLElement): void;
}

export class RowView {
  readonly #glyph = el('span', { class: 'ipar-glyph', 'aria-hidden': 'true' });
  readonly #name = bdi('');
  readonly #time = el('span', { class: 'ipar-pace' });
  readonly #bar = new ProgressBar();
  readonly #place = bdi('');
  readonly #progress = bdi('');
  readonly #jump = button('', { class: 'ipar-jump' }, () => this.callbacks.openCell(this.entry));
  readonly #buttons = ACTION_NAMES.map((action): [Action, HTMLButtonElement] => {
    const { label, tooltip, formats } = ACTIONS[action];
    const node = button(label, { title: tooltip, 'aria-haspopup': formats && 'menu' }, () => {
      this.callbacks.run(this.entry, action, node);
    });
    return [action, node];
  });
  readonly node: HTMLElement;

  constructor(private entry: ResultEntry, private readonly callbacks: RowCallbacks) {
    this.#jump.append(this.#name);
    const actions = el('span', { class: 'ipar-actions' }, ...this.#buttons.map(([, node]) => node));
    this.node = el(
      'li',
      { class: 'ipar-row' },
      el('div', { class: 'ipar-line' }, this.#glyph, this.#jump, this.#time, actions),
      this.#bar.node,
      el(
        'div',
        { class: 'ipar-line' },
        el('span', { class: 'ipar-where' }, this.#place),
        el('span', { class: 'ipar-progress' }, this.#progress)
      )
    );
    this.node.addEventListener('click', event => {
      if (!(event.target as Element).closest('button')) callbacks.openCell(this.entry);
    });
  }

  focus(): void {
    this.#jump.focus({ preventScroll: true });
  }

  update(entry: ResultEntry, path: string, now: number): void {
    this.entry = entry;
    const { model } = entry;
    const { head } = model;
    const [shape, word] = stateOf(model);
    const name = words.resultName(head);
    const [place, progress] = [summary.cellOf(model, path), summary.progressOf(model)];
    const where = joinFacts(place, progress);
    setText(this.#glyph, shape);
    setAttribute(this.#glyph, 'class', `ipar-glyph ipar-${shape === '‖' ? 'frozen' : head.state}`);
    setAttribute(this.#glyph, 'title', word);
    setText(this.#name, name);
    setAttribute(this.#jump, 'aria-label', `${name}, ${word}, ${where.replace(' · ', ', ')}: show its cell`);
    setText(this.#place, place && `${place} ·`);
    setText(this.#progress, progress);
    setAttribute(this.node, 'title', `${name} · ${where}`);
    this.tick(now);
    this.#bar.update(name, head.done, head.total, words.counts(head));
    for (const [action, node] of this.#buttons) setAttribute(node, 'hidden', !model.actions.includes(action));
  }

  /** Update only what changes with time. */
  tick(now: number): void {
    setText(this.#time, summary.timeOf(this.entry.model, now));
  }

  /** Roving tabindex: Tab reaches the current row, the arrow keys the others. */
  set current(current: boolean) {
    setAttribute(this.node, 'aria-current', current ? 'true' : undefined);
    for (const node of [this.#jump, ...this.#buttons.map(([, node]) => node)]) {
      setAttribute(node, 'tabindex', current ? 0 : -1);
    }
  }
}

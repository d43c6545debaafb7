/** One result as a row of the panel; all rows have one height. */

import * as board from './summary';
import { bdi, button, el, fill, say, set } from '../ui/dom';
import { stateOf } from '../model/state';
import type { Entry } from '../kernel/kernels';
import { ACTIONS, ACTION_NAMES } from '../protocol/actions';
import type { Action } from '../protocol/actions';
import { joined } from '../ui/formatting';
import * as words from '../model/words';

export interface RowActions {
  /** Show the cell that a result was made in. */
  jump(entry: Entry): void;
  /** Ask for an action; `from` is the button that was pressed. */
  act(entry: Entry, action: Action, from: HTMLElement): void;
}

export class RowView {
  readonly node: HTMLElement;
  readonly #glyph = el('span', { class: 'ipar-glyph', 'aria-hidden': 'true' });
  readonly #name = bdi('');
  readonly #jump: HTMLButtonElement;
  readonly #pace = el('span', { class: 'ipar-pace' });
  readonly #bar = el('div', { class: 'ipar-bar', role: 'progressbar', 'aria-valuemin': 0 });
  readonly #where = bdi('');
  readonly #buttons: [Action, HTMLButtonElement][];
  #entry: Entry;

  constructor(entry: Entry, actions: RowActions) {
    this.#entry = entry;
    this.#jump = button('', { class: 'ipar-jump' }, () => {
      actions.jump(this.#entry);
    });
    this.#jump.append(this.#name);
    this.#buttons = ACTION_NAMES.filter(action => ACTIONS[action].inRow).map(action => {
      const { label, formats } = ACTIONS[action];
      const node = button(label, { 'aria-haspopup': formats && 'menu' }, () => {
        actions.act(this.#entry, action, node);
      });
      return [action, node];
    });
    this.node = el(
      'li',
      { class: 'ipar-row' },
      el('div', { class: 'ipar-line' }, this.#glyph, this.#jump, this.#pace),
      this.#bar,
      el('div', { class: 'ipar-line' }, el('span', { class: 'ipar-where' }, this.#where)),
      el('span', { class: 'ipar-actions' }, ...this.#buttons.map(([, node]) => node))
    );
    this.node.addEventListener('click', event => {
      if (!(event.target as Element).closest('button')) actions.jump(this.#entry);
    });
  }

  /** Put the keyboard on this row. */
  focus(): void {
    this.#jump.focus({ preventScroll: true });
  }

  update(entry: Entry, path: string, now: number): void {
    this.#entry = entry;
    const { model } = entry;
    const { head } = model;
    const [shape, word] = stateOf(model);
    const name = words.name(head);
    const where = joined(board.place(model, path), board.far(model));
    say(this.#glyph, shape);
    set(this.#glyph, 'class', `ipar-glyph ipar-${shape === '‖' ? 'frozen' : head.state}`);
    set(this.#glyph, 'title', word);
    say(this.#name, name);
    set(this.#jump, 'aria-label', `${name}, ${word}, ${where.replace(' · ', ', ')}: show its cell`);
    say(this.#where, where);
    set(this.node, 'title', `${name} · ${where}`);
    this.tick(now);
    const counts = words.counts(head);
    set(this.#bar, 'aria-label', name);
    set(this.#bar, 'aria-valuenow', head.done);
    set(this.#bar, 'aria-valuemax', head.total);
    set(this.#bar, 'aria-valuetext', counts.map(count => count.phrase).join(', '));
    fill(this.#bar, counts.length, () => el('i'), (part, i) => {
      set(part, 'class', `ipar-${counts[i]?.state ?? ''}`);
      part.style.flexGrow = String(counts[i]?.number ?? 0);
    });
    for (const [action, node] of this.#buttons) set(node, 'hidden', !model.actions.includes(action));
  }

  /** Only what changes with time. */
  tick(now: number): void {
    say(this.#pace, board.pace(this.#entry.model, now));
  }

  /** Whether Tab reaches this row: it does one row at a time, and the arrow keys the others. */
  set current(current: boolean) {
    set(this.node, 'aria-current', current ? 'true' : undefined);
    for (const node of [this.#jump, ...this.#buttons.map(([, node]) => node)]) {
      set(node, 'tabindex', current ? 0 : -1);
    }
  }
}

/** A row of names that each unfold a part of the card. */

import { el, say, set, uniqueId } from './dom';

export interface Fold {
  name: string;
  node: HTMLElement;
  /** Called each time it is opened. */
  opened?: () => void;
}

export class FoldsView {
  /** The row; the parts stand where the card puts them. */
  readonly node = el('div', { class: 'ipar-folds' });
  readonly #folds = new Map<
    string,
    { fold: Fold; button: HTMLButtonElement; extent: Element; fresh: Element }
  >();

  add(fold: Fold, open: boolean): void {
    const extent = el('span', { class: 'ipar-where' });
    const fresh = el('span', { class: 'ipar-fresh' });
    fold.node.id ||= uniqueId();
    const button = el(
      'button',
      { type: 'button', class: 'ipar-fold', 'aria-expanded': String(open), 'aria-controls': fold.node.id },
      el('span', { class: 'ipar-name-of' }, fold.name),
      ' ',
      extent,
      ' ',
      fresh
    );
    button.addEventListener('click', () => {
      this.#turn(fold.name, !this.isOpen(fold.name));
    });
    this.#folds.set(fold.name, { fold, button, extent, fresh });
    this.node.append(button);
    set(fold.node, 'hidden', !open);
  }

  isOpen(name: string): boolean {
    const entry = this.#folds.get(name);
    return entry?.button.getAttribute('aria-expanded') === 'true' && !entry.button.hidden;
  }

  /** Offer a fold or not, with how much is in it and how much of that is new. */
  offer(name: string, offered: boolean, extent: string, fresh = ''): void {
    const entry = this.#folds.get(name);
    if (!entry) return;
    set(entry.button, 'hidden', !offered);
    set(entry.fold.node, 'hidden', !offered || !this.isOpen(name));
    say(entry.extent, extent);
    say(entry.fresh, fresh);
    set(
      this.node,
      'hidden',
      [...this.#folds.values()].every(({ button }) => button.hidden)
    );
  }

  #turn(name: string, open: boolean): void {
    const entry = this.#folds.get(name);
    if (!entry) return;
    set(entry.button, 'aria-expanded', String(open));
    set(entry.fold.node, 'hidden', !open);
    if (open) entry.fold.opened?.();
  }
}

/** Row of disclosure buttons, one for each part of the card. */

import { el, setText, setAttribute, uniqueId } from './dom';

export interface Fold {
  name: string;
  node: HTMLElement;
  /** Called each time the fold is opened. */
  onOpen?: () => void;
}

export class FoldsView {
  /** The buttons; the card places the parts. */
  readonly node = el('div', { class: 'ipar-folds' });
  readonly #folds = new Map<
    string,
    { fold: Fold; button: HTMLButtonElement; extent: Element; badge: Element }
  >();

  add(fold: Fold, open: boolean): void {
    const extent = el('span', { class: 'ipar-where' });
    const badge = el('span', { class: 'ipar-fresh' });
    fold.node.id ||= uniqueId();
    const button = el(
      'button',
      { type: 'button', class: 'ipar-fold', 'aria-expanded': String(open), 'aria-controls': fold.node.id },
      el('span', { class: 'ipar-name-of' }, fold.name),
      ' ',
      extent,
      ' ',
      badge
    );
    button.addEventListener('click', () => {
      this.#toggle(fold.name, !this.isOpen(fold.name));
    });
    this.#folds.set(fold.name, { fold, button, extent, badge });
    this.node.append(button);
    setAttribute(fold.node, 'hidden', !open);
  }

  isOpen(name: string): boolean {
    const entry = this.#folds.get(name);
    return entry?.button.getAttribute('aria-expanded') === 'true' && !entry.button.hidden;
  }

  /** Show or hide the button of a fold, with its extent and how much of that is new. */
  show(name: string, shown: boolean, extent: string, news = ''): void {
    const entry = this.#folds.get(name);
    if (!entry) return;
    setAttribute(entry.button, 'hidden', !shown);
    setAttribute(entry.fold.node, 'hidden', !shown || !this.isOpen(name));
    setText(entry.extent, extent);
    setText(entry.badge, news);
    setAttribute(
      this.node,
      'hidden',
      [...this.#folds.values()].every(({ button }) => button.hidden)
    );
  }

  #toggle(name: string, open: boolean): void {
    const entry = this.#folds.get(name);
    if (!entry) return;
    setAttribute(entry.button, 'aria-expanded', String(open));
    setAttribute(entry.fold.node, 'hidden', !open);
    if (open) entry.fold.onOpen?.();
  }
}

/** Row of disclosure buttons, one for each part of the card. */

import { UUID } from '@lumino/coreutils';

import { button, el, setText, setAttribute } from './dom';

export class FoldsView {
  /** The buttons; the card places the parts. */
  readonly node = el('div', { class: 'ipar-folds' });
  readonly #folds = new Map<string, { node: Element; opener: HTMLElement; extent: Element; badge: Element }>();

  /** Add the button of a part; `onToggle` is called each time it was opened or closed. */
  add(name: string, node: HTMLElement, open: boolean, onToggle: (isOpen: boolean) => void): void {
    const extent = el('span', { class: 'ipar-where' });
    const badge = el('span', { class: 'ipar-fresh' });
    node.id = `ipar-${UUID.uuid4()}`;
    const attributes = { class: 'ipar-fold', 'aria-expanded': String(open), 'aria-controls': node.id };
    const opener = button('', attributes, () => {
      const opens = !this.isOpen(name);
      setAttribute(opener, 'aria-expanded', String(opens));
      setAttribute(node, 'hidden', !opens);
      onToggle(opens);
    });
    opener.append(el('span', { class: 'ipar-name-of' }, name), ' ', extent, ' ', badge);
    this.#folds.set(name, { node, opener, extent, badge });
    this.node.append(opener);
    setAttribute(node, 'hidden', !open);
  }

  isOpen(name: string): boolean {
    const entry = this.#folds.get(name);
    return entry?.opener.getAttribute('aria-expanded') === 'true' && !entry.opener.hidden;
  }

  /** Show or hide the button of a fold, with its extent and how much of that is new. */
  show(name: string, shown: boolean, extent: string, news = ''): void {
    const entry = this.#folds.get(name);
    if (!entry) return;
    setAttribute(entry.opener, 'hidden', !shown);
    setAttribute(entry.node, 'hidden', !shown || !this.isOpen(name));
    setText(entry.extent, extent);
    setText(entry.badge, news);
    setAttribute(this.node, 'hidden', [...this.#folds.values()].every(({ opener }) => opener.hidden));
  }
}

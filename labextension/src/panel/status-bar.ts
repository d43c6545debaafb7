/** The item in the status bar, as in "3 running · 1 failed". */

import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import * as board from './summary';
import { button, say } from '../ui/dom';
import type { Links } from '../kernel/kernels';

export class StatusItem extends Widget {
  /** Emitted when the item is to appear or to go. */
  readonly activeChanged = new Signal<this, void>(this);
  readonly #links: Links;
  readonly #button: HTMLButtonElement;
  #text = '';

  constructor(links: Links, open: () => void) {
    super();
    this.addClass('ipar-status');
    this.#links = links;
    this.#button = button('', { title: 'Parallel results' }, open);
    this.node.append(this.#button);
    links.updated.connect(this.#update, this);
    this.#update();
  }

  get active(): boolean {
    return this.#text !== '';
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.#links.updated.disconnect(this.#update, this);
    super.dispose();
  }

  #update(): void {
    const text = board.summary(board.tally(this.#links.all()));
    if (text === this.#text) return;
    const changes = (text === '') !== (this.#text === '');
    this.#text = text;
    say(this.#button, text);
    this.#button.setAttribute('aria-label', text && `Parallel results: ${text}`);
    if (changes) this.activeChanged.emit();
  }
}

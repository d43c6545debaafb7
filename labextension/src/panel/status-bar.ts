/** Item of the status bar, as in "3 running · 1 failed". */

import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import type { Kernels } from '../kernel/kernels';
import { button, setText } from '../ui/dom';
import * as summary from './summary';

export class StatusItem extends Widget {
  readonly activeChanged = new Signal<this, void>(this);
  readonly #button: HTMLButtonElement;
  #text = '';

  constructor(private readonly kernels: Kernels, open: () => void) {
    super();
    this.addClass('ipar-status');
    this.#button = button('', { title: 'Parallel results' }, open);
    this.node.append(this.#button);
    kernels.updated.connect(this.#update, this);
    this.#update();
  }

  get active(): boolean {
    return this.#text !== '';
  }

  #update(): void {
    const text = summary.summarize(summary.countResults(this.kernels.all()));
    if (text === this.#text) return;
    const changes = (text === '') !== (this.#text === '');
    this.#text = text;
    setText(this.#button, text);
    this.#button.setAttribute('aria-label', text && `Parallel results: ${text}`);
    if (changes) this.activeChanged.emit();
  }
}

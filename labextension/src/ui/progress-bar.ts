/** Progress bar with a coloured part for each state. */

import { el, setAttribute, syncChildren } from './dom';

interface Part {
  state: string;
  number: number;
  phrase: string;
}

export class ProgressBar {
  readonly node = el('div', { class: 'ipar-bar', role: 'progressbar', 'aria-valuemin': 0 });

  update(label: string, done: number, total: number, parts: readonly Part[]): void {
    setAttribute(this.node, 'aria-label', label);
    setAttribute(this.node, 'aria-valuenow', done);
    setAttribute(this.node, 'aria-valuemax', total);
    setAttribute(this.node, 'aria-valuetext', parts.map(part => part.phrase).join(', '));
    syncChildren(this.node, parts, () => el('i'), (node, { state, number }) => {
      setAttribute(node, 'class', `ipar-${state}`);
      node.style.flexGrow = String(number);
    });
  }
}

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
    syncChildren(this.node, parts.length, () => el('i'), (node, i) => {
      setAttribute(node, 'class', `ipar-${parts[i]!.state}`);
      node.style.flexGrow = String(parts[i]!.number);
    });
  }
}

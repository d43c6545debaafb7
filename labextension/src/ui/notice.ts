/** Line about the last action: what went wrong, or where a file was saved. It ends when it is out of date. */

import { button, el, setAttribute, setText } from './dom';

/** Resolves to a function that opens a file; null where the page's server does not have it. */
export type FindFile = (path: string) => Promise<(() => void) | null>;

/** Milliseconds for which a message is shown, unless it is about an error. */
const LIFETIME = 60_000;

export class Notice {
  readonly node = el('p', { class: 'ipar-outcome', role: 'status' });
  #timer = 0;

  constructor(private readonly findFile: FindFile | null) {}

  /** Show a message; the path in it becomes a link where the file can be opened. */
  show(message: string, isError = false, path = ''): void {
    clearTimeout(this.#timer);
    setAttribute(this.node, 'class', `ipar-outcome${isError ? ' ipar-trouble' : ''}`);
    setText(this.node, message);
    if (message && !isError) this.#startTimer();
    if (path) void this.#link(message, path);
  }

  clear(): void {
    this.show('');
  }

  /** Clear it, or later where its link has the focus. */
  expire(): void {
    if (this.node.contains(document.activeElement)) this.#startTimer();
    else this.clear();
  }

  #startTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.expire(), LIFETIME);
  }

  async #link(message: string, path: string): Promise<void> {
    const open = await this.findFile?.(path);
    const at = message.indexOf(path);
    if (!open || at < 0 || this.node.textContent !== message) return;
    const link = button(path, { class: 'ipar-link' }, open);
    this.node.replaceChildren(message.slice(0, at), link, message.slice(at + path.length));
  }
}

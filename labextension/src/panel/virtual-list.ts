/** A list of rows of one height, of which only those in view are in the page. */

import { el, set } from '../ui/dom';
import type { Entry } from '../kernel/kernels';
import { RowView } from './row';
import type { RowActions } from './row';

export const ROW_HEIGHT = 62;
const SPARE = 4;

export class RowsView {
  /** What scrolls. */
  readonly node: HTMLElement;
  readonly #list = el('ul', { class: 'ipar-rows', 'aria-label': 'Results' });
  readonly #rows = new Map<string, RowView>();
  readonly #actions: RowActions;
  readonly #pathOf: (kernel: string) => string;
  #entries: Entry[] = [];
  #current: string | null = null;
  /** Where the current one was last seen. */
  #at = -1;
  #frame = 0;

  constructor(actions: RowActions, pathOf: (kernel: string) => string) {
    this.#actions = actions;
    this.#pathOf = pathOf;
    this.node = el('div', { class: 'ipar-scroll' }, this.#list);
    this.node.addEventListener('scroll', () => {
      this.#frame ||= requestAnimationFrame(() => {
        this.draw();
      });
    });
    this.#list.addEventListener('keydown', event => {
      this.#onKey(event);
    });
    this.#list.addEventListener('focusin', event => {
      this.#take((event.target as Element).closest('li')?.dataset.id ?? null);
    });
  }

  /** The result that commands are about: the one that the keyboard is on, else the newest. */
  get current(): Entry | null {
    return this.#entries[this.#place()] ?? this.#entries[0] ?? null;
  }

  set entries(entries: Entry[]) {
    this.#entries = entries;
    this.draw();
  }

  draw(now = performance.now()): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const height = `${this.#entries.length * ROW_HEIGHT}px`;
    if (this.#list.style.height !== height) this.#list.style.height = height;
    const shown = this.#inView();
    const current = this.current?.model.id;
    const ids: string[] = [];
    for (const at of shown) {
      const entry = this.#entries[at];
      if (!entry) continue;
      ids.push(entry.model.id);
      const row = this.#row(entry);
      row.node.style.transform = `translateY(${at * ROW_HEIGHT}px)`;
      set(row.node, 'aria-setsize', this.#entries.length);
      set(row.node, 'aria-posinset', at + 1);
      row.current = entry.model.id === current;
      row.update(entry, this.#pathOf(entry.kernel), now);
    }
    const drawn = new Set(ids);
    for (const [id, row] of this.#rows) {
      if (drawn.has(id)) continue;
      row.node.remove();
      this.#rows.delete(id);
    }
    this.#sort(ids);
  }

  /** The places in the list that are drawn, in order. */
  #inView(): number[] {
    const top = this.node.scrollTop;
    const first = Math.max(0, Math.floor(top / ROW_HEIGHT) - SPARE);
    const last = Math.min(this.#entries.length, Math.ceil((top + this.node.clientHeight) / ROW_HEIGHT) + SPARE);
    const places = Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);
    // the row that has the keyboard stays, wherever the list is scrolled to
    const held = this.#list.contains(document.activeElement) ? this.#place() : -1;
    if (held >= 0 && held < first) places.unshift(held);
    else if (held >= last) places.push(held);
    return places;
  }

  /** Where the current result is in the list, or -1; it is looked for only when it has moved. */
  #place(): number {
    if (this.#entries[this.#at]?.model.id !== this.#current) {
      this.#at = this.#entries.findIndex(({ model }) => model.id === this.#current);
    }
    return this.#at;
  }

  tick(now = performance.now()): void {
    for (const row of this.#rows.values()) row.tick(now);
  }

  dispose(): void {
    cancelAnimationFrame(this.#frame);
    this.#rows.clear();
    this.node.remove();
  }

  #row(entry: Entry): RowView {
    let row = this.#rows.get(entry.model.id);
    if (!row) {
      row = new RowView(entry, this.#actions);
      row.node.dataset.id = entry.model.id;
      this.#rows.set(entry.model.id, row);
      this.#list.append(row.node);
    }
    return row;
  }

  /** The page's order is the list's; a row that stays in its place is not touched, so that it keeps the keyboard. */
  #sort(ids: string[]): void {
    ids.forEach((id, at) => {
      const node = this.#rows.get(id)?.node;
      const there = this.#list.children[at] ?? null;
      if (node && node !== there) this.#list.insertBefore(node, there);
    });
  }

  #take(id: string | null): void {
    if (id === this.#current) return;
    this.#current = id;
    this.draw();
  }

  #onKey(event: KeyboardEvent): void {
    const at = this.#place();
    const page = Math.max(1, Math.floor(this.node.clientHeight / ROW_HEIGHT));
    const moves: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: this.#entries.length - 1
    };
    const to = moves[event.key];
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const next = Math.min(Math.max(to, 0), this.#entries.length - 1);
    const entry = this.#entries[next];
    if (!entry) return;
    this.#reveal(next);
    this.#current = entry.model.id;
    this.#row(entry).focus();
    this.draw();
  }

  #reveal(at: number): void {
    const top = at * ROW_HEIGHT;
    const bottom = top + ROW_HEIGHT - this.node.clientHeight;
    if (this.node.scrollTop > top) this.node.scrollTop = top;
    else if (this.node.scrollTop < bottom) this.node.scrollTop = bottom;
  }
}

/** Virtual list: only the rows in view are in the page. All rows have one height. */

import type { ResultEntry } from '../kernel/kernels';
import { arrangeChildren, el, setAttribute } from '../ui/dom';
import { RowView, type RowCallbacks } from './row';

export const ROW_HEIGHT = 62;
/** Rows drawn beyond each end of the view. */
const OVERSCAN = 4;

export class VirtualList {
  readonly #list = el('ul', { class: 'ipar-rows', 'aria-label': 'Results' });
  /** The scrolling element. */
  readonly node = el('div', { class: 'ipar-scroll' }, this.#list);
  #rows = new Map<string, RowView>();
  #entries: ResultEntry[] = [];
  #current: string | null = null;
  #frame = 0;

  constructor(private readonly callbacks: RowCallbacks, private readonly pathOf: (kernel: string) => string) {
    this.node.addEventListener('scroll', () => this.#frame ||= requestAnimationFrame(() => this.#draw()));
    this.#list.addEventListener('keydown', event => this.#onKey(event));
    this.#list.addEventListener('focusin', event => {
      const id = (event.target as Element).closest('li')?.dataset.id ?? null;
      if (id === this.#current) return;
      this.#current = id;
      this.#draw();
    });
  }

  /** The result that commands apply to: the one with the keyboard focus, else the newest. */
  get current(): ResultEntry | null {
    return this.#entries[this.#findCurrent()] ?? this.#entries[0] ?? null;
  }

  set entries(entries: ResultEntry[]) {
    this.#entries = entries;
    this.#draw();
  }

  #draw(): void {
    const now = performance.now();
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const height = `${this.#entries.length * ROW_HEIGHT}px`;
    if (this.#list.style.height !== height) this.#list.style.height = height;
    const current = this.current?.model.id;
    const rows = this.#visibleIndices().map((at): [string, RowView] => {
      const entry = this.#entries[at]!;
      const row = this.#rowOf(entry);
      row.node.style.transform = `translateY(${at * ROW_HEIGHT}px)`;
      setAttribute(row.node, 'aria-setsize', this.#entries.length);
      setAttribute(row.node, 'aria-posinset', at + 1);
      row.current = entry.model.id === current;
      row.update(entry, this.pathOf(entry.kernel), now);
      return [entry.model.id, row];
    });
    this.#rows = new Map(rows);
    arrangeChildren(this.#list, rows.map(([, row]) => row.node));
  }

  /** The indices to draw, ascending. */
  #visibleIndices(): number[] {
    const top = this.node.scrollTop;
    const first = Math.max(0, Math.floor(top / ROW_HEIGHT) - OVERSCAN);
    const last = Math.min(this.#entries.length, Math.ceil((top + this.node.clientHeight) / ROW_HEIGHT) + OVERSCAN);
    const indices = Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);
    // The focused row stays in the page, wherever the list is scrolled to.
    const focused = this.#list.contains(document.activeElement) ? this.#findCurrent() : -1;
    if (focused >= 0 && focused < first) indices.unshift(focused);
    else if (focused >= last) indices.push(focused);
    return indices;
  }

  #findCurrent(): number {
    return this.#entries.findIndex(({ model }) => model.id === this.#current);
  }

  tick(): void {
    for (const row of this.#rows.values()) row.tick(performance.now());
  }

  dispose(): void {
    cancelAnimationFrame(this.#frame);
    this.#rows.clear();
    this.node.remove();
  }

  #rowOf(entry: ResultEntry): RowView {
    let row = this.#rows.get(entry.model.id);
    if (!row) {
      row = new RowView(entry, this.callbacks);
      row.node.dataset.id = entry.model.id;
      this.#rows.set(entry.model.id, row);
      this.#list.append(row.node);
    }
    return row;
  }

  #onKey(event: KeyboardEvent): void {
    const at = this.#findCurrent();
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
    const top = next * ROW_HEIGHT;
    const { scrollTop, clientHeight } = this.node;
    this.node.scrollTop = Math.max(Math.min(scrollTop, top), top + ROW_HEIGHT - clientHeight);
    this.#current = entry.model.id;
    this.#rowOf(entry).focus();
    this.#draw();
  }
}

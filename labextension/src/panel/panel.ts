/** Sidebar with the results of all running kernels, and buttons for their actions. */

import { Widget } from '@lumino/widgets';

import type { ResultEntry, Kernels } from '../kernel/kernels';
import * as words from '../model/words';
import { button, el, setText, setAttribute } from '../ui/dom';
import { formatCount } from '../ui/formatting';
import { Notice, type FindFile } from '../ui/notice';
import type { RowCallbacks } from './row';
import * as summary from './summary';
import type { Filter } from './summary';
import { VirtualList } from './virtual-list';

const EMPTY = {
  all: [
    'No results yet.',
    'Run %load_ext ipar_results in a notebook: what you submit to IPython Parallel from then on is listed here.'
  ],
  running: ['Nothing is running.'],
  failed: ['Nothing has failed.']
};

export class ResultsPanel extends Widget {
  readonly #counts = el('span', { class: 'ipar-pace' });
  readonly #filters: [Filter, HTMLButtonElement][];
  readonly #empty = el('div', { class: 'ipar-nothing', hidden: true });
  readonly notice: Notice;
  readonly #list: VirtualList;
  #filter: Filter = 'all';
  #frame = 0;
  #interval: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly kernels: Kernels, callbacks: RowCallbacks, findFile: FindFile | null = null) {
    super();
    this.notice = new Notice(findFile);
    this.id = 'ipar-results-panel';
    this.addClass('ipar-panel');
    this.#list = new VirtualList(callbacks, kernel => kernels.pathOf(kernel));
    this.#filters = summary.FILTERS.map(filter => [
      filter,
      button(words.filterLabel(filter), {}, () => {
        this.#filter = filter;
        this.#list.node.scrollTop = 0;
        this.#draw();
      })
    ]);
    const filters = this.#filters.map(([, node]) => node);
    this.node.append(
      el('div', { class: 'ipar-line' }, el('h2', {}, 'Parallel results'), this.#counts),
      el('div', { class: 'ipar-filters', role: 'group', 'aria-label': 'Which results' }, ...filters),
      this.#empty,
      this.#list.node,
      this.notice.node
    );
    kernels.updated.connect(this.#scheduleDraw, this);
  }

  /** The result with the keyboard focus, else the newest in the list. */
  get current(): ResultEntry | null {
    return this.#list.current;
  }

  override dispose(): void {
    this.#stop();
    this.#list.dispose();
    super.dispose();
  }

  protected override onAfterShow(): void {
    // An open panel lists also the results of notebooks that are closed.
    this.kernels.linkAll = true;
    this.#draw();
    this.#interval = setInterval(() => {
      if (!document.hidden) this.#list.tick();
    }, 1_000);
  }

  protected override onAfterHide(): void {
    this.#stop();
  }

  protected override onResize(): void {
    this.#scheduleDraw();
  }

  #stop(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    clearInterval(this.#interval);
  }

  #scheduleDraw(): void {
    if (!this.isVisible) return;
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    this.#frame = 0;
    const entries = this.kernels.all();
    const counts = summary.countResults(entries);
    setText(this.#counts, counts.all ? summary.summarize(counts) : '');
    for (const [filter, node] of this.#filters) {
      setText(node, `${words.filterLabel(filter)} ${formatCount(counts[filter])}`);
      setAttribute(node, 'aria-pressed', String(filter === this.#filter));
    }
    const listed = entries.filter(({ model }) => summary.matches(model, this.#filter));
    this.#showEmpty(listed.length ? null : counts.all ? this.#filter : 'all');
    this.#list.entries = listed;
  }

  #showEmpty(filter: Filter | null): void {
    setAttribute(this.#empty, 'hidden', filter === null);
    setAttribute(this.#list.node, 'hidden', filter !== null);
    if (filter === null || this.#empty.textContent === EMPTY[filter].join('')) return;
    this.#empty.replaceChildren(...EMPTY[filter].map(text => el('p', {}, text)));
  }
}

/** The sidebar: all results of all running kernels, and what can be done about them. */

import { Widget } from '@lumino/widgets';

import * as board from './summary';
import type { Filter } from './summary';
import { button, el, say, set } from '../ui/dom';
import type { Entry, Links } from '../kernel/kernels';
import { RowsView } from './virtual-list';
import type { RowActions } from './row';
import { grouped } from '../ui/formatting';

const LABELS: Record<Filter, string> = { all: 'All', running: 'Running', failed: 'Failed' };
const NOTHING = {
  all: [
    'No results yet.',
    'Run %load_ext ipar_results in a notebook: what you submit to IPython Parallel from then on is listed here.'
  ],
  running: ['Nothing is running.'],
  failed: ['Nothing has failed.']
};

export class ResultsPanel extends Widget {
  readonly #links: Links;
  readonly #summary = el('span', { class: 'ipar-pace' });
  readonly #filters: [Filter, HTMLButtonElement][];
  readonly #empty = el('div', { class: 'ipar-nothing', hidden: true });
  readonly #said = el('p', { class: 'ipar-outcome', role: 'status' });
  readonly #rows: RowsView;
  #filter: Filter = 'all';
  #frame = 0;
  #second: ReturnType<typeof setInterval> | undefined;

  constructor(links: Links, actions: RowActions) {
    super();
    this.id = 'ipar-results-panel';
    this.addClass('ipar-panel');
    this.#links = links;
    this.#rows = new RowsView(actions, kernel => links.pathOf(kernel));
    this.#filters = board.FILTERS.map(filter => [
      filter,
      button(LABELS[filter], {}, () => {
        this.#filter = filter;
        this.#rows.node.scrollTop = 0;
        this.#draw();
      })
    ]);
    const filters = this.#filters.map(([, node]) => node);
    this.node.append(
      el('div', { class: 'ipar-line' }, el('h2', {}, 'Parallel results'), this.#summary),
      el('div', { class: 'ipar-filters', role: 'group', 'aria-label': 'Which results' }, ...filters),
      this.#empty,
      this.#rows.node,
      this.#said
    );
    links.updated.connect(this.#later, this);
    links.changed.connect(this.#later, this);
  }

  /** The result that the keyboard is on, else the newest of those listed. */
  get current(): Entry | null {
    return this.#rows.current;
  }

  /** Say what came of an action. */
  say(text: string, bad = false): void {
    set(this.#said, 'class', `ipar-outcome${bad ? ' ipar-trouble' : ''}`);
    say(this.#said, text);
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.#links.updated.disconnect(this.#later, this);
    this.#links.changed.disconnect(this.#later, this);
    this.#rest();
    this.#rows.dispose();
    super.dispose();
  }

  protected override onAfterShow(): void {
    // a panel that can be opened may show results of notebooks that are not
    this.#links.wide = true;
    this.#draw();
    this.#second = setInterval(() => {
      if (!document.hidden) this.#rows.tick();
    }, 1_000);
  }

  protected override onAfterHide(): void {
    this.#rest();
  }

  protected override onResize(): void {
    this.#later();
  }

  #rest(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    clearInterval(this.#second);
  }

  #later(): void {
    if (!this.isVisible) return;
    this.#frame ||= requestAnimationFrame(() => {
      this.#draw();
    });
  }

  #draw(): void {
    this.#frame = 0;
    const entries = this.#links.all();
    const counts = board.tally(entries);
    say(this.#summary, counts.all ? board.summary(counts) : '');
    for (const [filter, node] of this.#filters) {
      say(node, `${LABELS[filter]} ${grouped(counts[filter])}`);
      set(node, 'aria-pressed', String(filter === this.#filter));
    }
    const listed = entries.filter(({ model }) => board.matches(model, this.#filter));
    this.#nothing(listed.length ? null : counts.all ? this.#filter : 'all');
    this.#rows.entries = listed;
  }

  #nothing(filter: Filter | null): void {
    set(this.#empty, 'hidden', filter === null);
    set(this.#rows.node, 'hidden', filter !== null);
    if (filter === null || this.#empty.textContent === NOTHING[filter].join('')) return;
    this.#empty.replaceChildren(...NOTHING[filter].map(text => el('p', {}, text)));
  }
}

/** The card of one result: its parts, and when they are drawn anew. No Jupyter in here. */

import { ActionsView } from './actions';
import { AdviceView } from './advice';
import { DrawerView } from './task-details';
import type { RenderOutput } from './task-details';
import { el, set } from '../ui/dom';
import { EnginesView } from './engines';
import { FailuresView } from './failures';
import { FoldsView } from '../ui/folds';
import { HeadView } from './head';
import { stateOf } from '../model/state';
import { OutputsView } from './outputs';
import { TasksView } from './tasks';
import { Timeline } from '../timeline/timeline';
import { rowMark } from '../timeline/marks';
import type { Mark } from '../timeline/marks';
import { grouped, plural } from '../ui/formatting';
import * as words from '../model/words';
import type { ResultModel } from '../model/result';
import type { Outcome } from '../protocol/messages';

export interface CardSettings {
  /** Whether the timeline is unfolded from the start. */
  timeline: boolean;
}

export interface CardOptions {
  settings: CardSettings;
  render?: RenderOutput;
}

/** Rows are asked for where none came by themselves, after so many milliseconds. */
const PATIENCE = 3_000;

export class Card {
  readonly node: HTMLElement;
  readonly #head = new HeadView();
  readonly #actions = new ActionsView();
  readonly #failures = new FailuresView();
  readonly #advice = new AdviceView();
  readonly #folds = new FoldsView();
  readonly #timeline = new Timeline(mark => this.#openTask(mark));
  readonly #engines = new EnginesView();
  readonly #tasks = new TasksView(mark => this.#openTask(mark));
  readonly #outputs = new OutputsView(index => this.#openInput(index));
  readonly #drawer: DrawerView;
  readonly #end = new AbortController();
  readonly #watcher: { disconnect(): void } | null;
  #model: ResultModel | null = null;
  #seen = typeof IntersectionObserver === 'undefined';
  #frame = 0;
  #second = 0;
  #patience = 0;

  constructor({ settings, render }: CardOptions) {
    this.#drawer = new DrawerView(render ?? null);
    this.#head.line.append(this.#actions.node);
    const parts = [this.#engines.node, this.#tasks.node, this.#outputs.node];
    for (const part of parts) set(part, 'class', 'ipar-part');
    const timeline = el('div', {}, this.#timeline.node);
    this.node = el(
      'div',
      { class: 'ipar-result', role: 'group' },
      this.#head.line,
      ...this.#actions.below,
      ...this.#head.below,
      this.#advice.node,
      timeline,
      this.#failures.node,
      this.#folds.node,
      ...parts,
      this.#drawer.node
    );
    this.#folds.add({ name: 'Timeline', node: timeline, opened: () => this.#draw() }, settings.timeline);
    this.#folds.add({ name: 'Engines', node: this.#engines.node, opened: () => this.#draw() }, false);
    this.#folds.add({ name: 'Tasks', node: this.#tasks.node, opened: () => this.#draw() }, false);
    this.#folds.add({ name: 'Output', node: this.#outputs.node, opened: () => this.#lookAtOutput() }, false);
    this.#watcher = this.#observe();
    document.addEventListener('visibilitychange', () => this.#tick(), { signal: this.#end.signal });
  }

  get model(): ResultModel | null {
    return this.#model;
  }

  /** Show a result; folds that are open stay open. */
  setModel(model: ResultModel): void {
    if (model === this.#model) return;
    this.#leave();
    if (this.#model && this.#model.id !== model.id) this.#drawer.forget();
    this.#model = model;
    model.changed.connect(this.#later, this);
    model.outcome.connect(this.#tell, this);
    this.#timeline.setModel(model);
    this.#draw();
    if (this.#folds.isOpen('Output')) void this.#outputs.fetch();
    this.#patience = window.setTimeout(() => this.#ask(), PATIENCE);
  }

  dispose(): void {
    this.#leave();
    this.#model = null;
    this.#end.abort();
    this.#watcher?.disconnect();
    this.#timeline.dispose();
    this.#drawer.dispose();
  }

  #leave(): void {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#second);
    clearTimeout(this.#patience);
    this.#frame = 0;
    this.#model?.changed.disconnect(this.#later, this);
    this.#model?.outcome.disconnect(this.#tell, this);
  }

  /** Draw once in the next frame, however much has changed. */
  #later(): void {
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    this.#frame = 0;
    const model = this.#model;
    if (!model) return;
    const now = performance.now();
    const { head } = model;
    set(this.node, 'aria-label', `${words.name(head)}: ${stateOf(model)[1]}`);
    set(this.node, 'data-state', head.state);
    set(this.node, 'data-connection', model.connection);
    set(this.node, 'data-single', head.single);
    this.#head.update(model, now);
    this.#actions.update(model);
    this.#failures.update(model);
    this.#advice.update(head);
    this.#offer(model);
    this.#update(model, now);
    this.#tick();
  }

  #offer(model: ResultModel): void {
    const { head } = model;
    const many = !head.single && head.total > 0;
    const tasks = words.chunked(head) ? words.messages(head) : grouped(head.messages);
    this.#folds.offer('Timeline', many && model.slots.length > 0, '');
    this.#folds.offer('Engines', many && model.engines.length > 0, grouped(model.engines.length));
    this.#folds.offer('Tasks', many, tasks);
    const wrote = head.single ? '' : plural(head.outputs_total, 'task');
    const fresh = this.#outputs.fresh(model);
    const badge = fresh && !this.#folds.isOpen('Output') ? `${grouped(fresh)} new` : '';
    this.#folds.offer('Output', head.outputs_total > 0, badge ? '' : wrote, badge);
  }

  /** The folds that are open. */
  #update(model: ResultModel, now: number): void {
    if (this.#folds.isOpen('Timeline')) this.#timeline.update();
    if (this.#folds.isOpen('Engines')) this.#engines.update(model, now);
    if (this.#folds.isOpen('Tasks')) this.#tasks.update(model);
    this.#outputs.update(model);
  }

  #tell(_: ResultModel, outcome: Outcome): void {
    this.#actions.showOutcome(outcome);
  }

  /** While time passes and somebody looks, the clock is set every second. */
  #tick(): void {
    clearTimeout(this.#second);
    const model = this.#model;
    if (!model?.moving || !this.#seen || !this.node.isConnected || document.hidden) return;
    const now = performance.now();
    this.#head.tick(model, now);
    const next = 1005 - ((model.elapsed(now) * 1000) % 1000);
    this.#second = window.setTimeout(() => {
      if (this.#folds.isOpen('Engines')) this.#engines.update(model, performance.now());
      this.#tick();
    }, next);
  }

  #observe(): { disconnect(): void } | null {
    if (typeof IntersectionObserver === 'undefined') return null;
    const watcher = new IntersectionObserver(entries => {
      this.#seen = entries.at(-1)?.isIntersecting ?? false;
      this.#tick();
    });
    watcher.observe(this.node);
    return watcher;
  }

  /** The kernel sends rows of what is displayed; ask only where it does not know that this is. */
  #ask(): void {
    const model = this.#model;
    if (!model?.commands || model.connection !== 'live' || model.head.single) return;
    if (!model.head.ended || model.columns.known) return;
    model.commands.watch().catch((error: unknown) => {
      console.warn('ipar_results: no timeline', error);
    });
  }

  #lookAtOutput(): void {
    this.#draw();
    void this.#outputs.fetch().then(() => {
      this.#later();
    });
  }

  #openTask(mark: Mark): void {
    if (this.#model) this.#drawer.open(mark, this.#model);
  }

  /** Open the task that carries an input. */
  #openInput(index: number): void {
    const model = this.#model;
    if (!model) return;
    const { columns } = model;
    let at = model.head.chunked ? -1 : index;
    for (let i = 0; at < 0 && i < columns.length; i++)
      if (columns.status[i] && columns.first[i] === index) at = i;
    if (columns.status[at]) this.#openTask(rowMark(columns, at));
    else
      this.#openTask({
        position: Math.max(0, at),
        first: index,
        inputs: 1,
        slot: 0xffff,
        status: 'ok',
        start: NaN,
        duration: NaN
      });
  }
}

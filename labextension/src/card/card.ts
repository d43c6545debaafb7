/** Card of one result: its parts, and when each is drawn. Independent of JupyterLab. */

import type { ResultModel } from '../model/result';
import { stateOf } from '../model/state';
import * as words from '../model/words';
import type { Outcome } from '../protocol/messages';
import { rowMark, unknownMark, type Mark } from '../timeline/marks';
import { Timeline } from '../timeline/timeline';
import { el, setAttribute } from '../ui/dom';
import { FoldsView } from '../ui/folds';
import { formatCount, plural } from '../ui/formatting';
import type { FindFile } from '../ui/notice';
import { ActionsView } from './actions';
import { AdviceView } from './advice';
import { EnginesView } from './engines';
import { FailuresView } from './failures';
import { HeadView } from './head';
import { OutputsView } from './outputs';
import { TaskDetailsView, type RenderOutput } from './task-details';
import { TasksView } from './tasks';

export interface CardOptions {
  /** `timelineOpen`: whether the timeline of a new card is unfolded. */
  settings: { timelineOpen: boolean };
  render?: RenderOutput;
  findFile?: FindFile;
}

/** Milliseconds after which rows are requested, if the kernel has sent none. */
const ROWS_TIMEOUT = 3_000;

export class Card {
  readonly node: HTMLElement;
  readonly #head = new HeadView();
  readonly #actions: ActionsView;
  readonly #failures = new FailuresView();
  readonly #advice = new AdviceView();
  readonly #folds = new FoldsView();
  readonly #timeline = new Timeline(mark => this.#openTask(mark));
  readonly #engines = new EnginesView();
  readonly #tasks = new TasksView(mark => this.#openTask(mark));
  readonly #outputs = new OutputsView(index => this.#openInput(index));
  readonly #details: TaskDetailsView;
  readonly #listeners = new AbortController();
  #model: ResultModel | null = null;
  #inView = false;
  #frame = 0;
  #tickTimer = 0;
  #rowsTimer = 0;

  constructor({ settings, render, findFile }: CardOptions) {
    this.#actions = new ActionsView(findFile ?? null);
    this.#details = new TaskDetailsView(render);
    this.#head.line.append(this.#actions.node);
    const parts = [this.#engines.node, this.#tasks.node, this.#outputs.node];
    for (const part of parts) setAttribute(part, 'class', 'ipar-part');
    const timeline = el('div', {}, this.#timeline.node);
    this.node = el(
      'div',
      { class: 'ipar-result', role: 'group' },
      this.#head.line,
      ...this.#actions.below,
      ...this.#head.below,
      timeline,
      this.#failures.node,
      this.#advice.node,
      this.#folds.node,
      ...parts,
      this.#details.node
    );
    this.#folds.add('Timeline', timeline, settings.timelineOpen, () => this.#draw());
    this.#folds.add('Engines', this.#engines.node, false, () => this.#draw());
    this.#folds.add('Tasks', this.#tasks.node, false, () => this.#draw());
    this.#folds.add('Output', this.#outputs.node, false, isOpen => {
      this.#draw();
      if (isOpen) this.#outputs.scrollToEnd();
    });
    const { signal } = this.#listeners;
    const onVisible = (): void => {
      this.#tick();
      this.#followOutput();
    };
    document.addEventListener('visibilitychange', onVisible, { signal });
    const observer = new IntersectionObserver(entries => {
      this.#inView = entries.at(-1)?.isIntersecting ?? false;
      onVisible();
    });
    observer.observe(this.node);
    signal.addEventListener('abort', () => observer.disconnect());
  }

  /** Show a result; open folds stay open. */
  setModel(model: ResultModel): void {
    if (model === this.#model) return;
    this.#detach();
    if (this.#model && this.#model.id !== model.id) this.#details.reset();
    this.#model = model;
    model.changed.connect(this.#scheduleDraw, this);
    model.outcome.connect(this.#showOutcome, this);
    this.#timeline.setModel(model);
    this.#draw();
    this.#rowsTimer = window.setTimeout(() => this.#requestRows(), ROWS_TIMEOUT);
  }

  dispose(): void {
    this.#detach();
    this.#model = null;
    this.#listeners.abort();
    this.#timeline.dispose();
    this.#tasks.dispose();
    this.#details.reset();
  }

  #detach(): void {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#tickTimer);
    clearTimeout(this.#rowsTimer);
    this.#outputs.pause();
    this.#frame = 0;
    this.#model?.changed.disconnect(this.#scheduleDraw, this);
    this.#model?.outcome.disconnect(this.#showOutcome, this);
  }

  /** Draw once in the next frame, however many changes there are. */
  #scheduleDraw(): void {
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    this.#frame = 0;
    const model = this.#model;
    if (!model) return;
    const now = performance.now();
    const { head } = model;
    setAttribute(this.node, 'aria-label', `${words.resultName(head)}: ${stateOf(model)[1]}`);
    setAttribute(this.node, 'data-state', head.state);
    setAttribute(this.node, 'data-connection', model.connection);
    setAttribute(this.node, 'data-single', head.single);
    this.#head.update(model, now);
    this.#actions.update(model);
    this.#failures.update(model);
    this.#advice.update(head);
    this.#updateFolds(model);
    this.#updateOpenFolds(model, now);
    this.#tick();
  }

  #updateFolds(model: ResultModel): void {
    const { head } = model;
    const many = !head.single && head.total > 0;
    const tasks = words.isChunked(head) ? words.messageCount(head) : formatCount(head.messages);
    this.#folds.show('Timeline', many && model.slots.length > 0, '');
    this.#folds.show('Engines', many && model.engines.length > 0, formatCount(model.engines.length));
    this.#folds.show('Tasks', many, tasks);
    const writers = head.single ? '' : plural(head.outputs_total, words.messageNoun(head));
    const unseen = this.#outputs.unseen(model);
    const badge = unseen && !this.#folds.isOpen('Output') ? `${formatCount(unseen)} new` : '';
    this.#folds.show('Output', head.outputs_total > 0, badge ? '' : writers, badge);
  }

  #updateOpenFolds(model: ResultModel, now: number): void {
    if (this.#folds.isOpen('Timeline')) this.#timeline.update();
    if (this.#folds.isOpen('Engines')) this.#engines.update(model, now);
    if (this.#folds.isOpen('Tasks')) this.#tasks.update(model);
    this.#outputs.update(model);
    this.#followOutput();
  }

  /** Keep the output up to date, while it is open and in view. */
  #followOutput(): void {
    if (this.#folds.isOpen('Output') && this.#inView && !document.hidden) this.#outputs.follow();
    else this.#outputs.pause();
  }

  #showOutcome(_: ResultModel, outcome: Outcome): void {
    this.#actions.showOutcome(outcome);
  }

  /** Update the clock every second, while it runs and is in view. */
  #tick(): void {
    clearTimeout(this.#tickTimer);
    const model = this.#model;
    if (!model?.isActive || !this.#inView || !this.node.isConnected || document.hidden) return;
    const now = performance.now();
    this.#head.tick(model, now);
    const next = 1005 - ((model.elapsed(now) * 1000) % 1000);
    this.#tickTimer = window.setTimeout(() => {
      if (this.#folds.isOpen('Engines')) this.#engines.update(model, performance.now());
      if (this.#folds.isOpen('Tasks')) this.#tasks.update(model);
      this.#tick();
    }, next);
  }

  /** The kernel sends rows of displayed results; request them only where it does not know that this one is. */
  #requestRows(): void {
    const model = this.#model;
    if (!model?.request || model.connection !== 'live' || model.head.single) return;
    if (!model.head.ended || model.columns.rowCount) return;
    model.request({ type: 'watch', result: model.id }).catch((error: unknown) => {
      console.warn('ipar_results: no timeline', error);
    });
  }

  #openTask(mark: Mark): void {
    if (this.#model) this.#details.open(mark, this.#model);
  }

  /** Open the task of an input. */
  #openInput(index: number): void {
    const model = this.#model;
    if (!model) return;
    const { columns } = model;
    let at = model.head.chunked ? -1 : index;
    for (let i = 0; at < 0 && i < columns.length; i++)
      if (columns.status[i] && columns.first[i] === index) at = i;
    if (columns.status[at]) this.#openTask(rowMark(columns, at));
    else this.#openTask(unknownMark(Math.max(0, at), index, 'ok'));
  }
}

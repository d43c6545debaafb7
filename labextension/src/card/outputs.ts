/** Output of the newest tasks: follows the kernel while its fold is open, else as saved. */

import type { ResultModel } from '../model/result';
import * as words from '../model/words';
import type { TaskOutput } from '../protocol/records';
import { appendText, clip, countOmitted, applyCarriageReturns } from '../ui/ansi';
import { arrangeChildren, button, el, setText, textBlock } from '../ui/dom';
import { joinFacts, plural } from '../ui/formatting';

/** Characters of a stream that are shown. */
const MAX_SHOWN = 1_000;
/** Milliseconds between two requests: doubled while there is no news, and longer after a long reply. */
const MIN_INTERVAL = 1_000;
const MAX_IDLE_INTERVAL = 4_000;
const CHARACTERS_A_SECOND = 10_000;

export class OutputsView {
  readonly node = el('div');
  readonly #message = el('p', { class: 'ipar-cut' });
  readonly #list = el('div', { class: 'ipar-scroll', tabindex: 0, role: 'group', 'aria-label': 'Output' });
  /** The item of each output, by its content. */
  #items = new Map<string, HTMLElement>();
  #model: ResultModel | null = null;
  /** Number of tasks with output when it was last fetched. */
  #fetched = 0;
  #following = false;
  #fetching = false;
  /** Whether the model has changed since. */
  #changed = true;
  #interval = MIN_INTERVAL;
  #due = 0;
  #timer = 0;
  /** Why the last fetch failed. */
  #error = '';

  constructor(private readonly open: (index: number) => void) {
    this.node.append(this.#message, this.#list);
  }

  /** Number of tasks that wrote something since the last fetch. */
  unseen(model: ResultModel): number {
    return model.connection === 'live' ? Math.max(0, model.head.outputs_total - this.#fetched) : 0;
  }

  /** Note that the model has changed. */
  update(model: ResultModel): void {
    this.#changed = true;
    if (model !== this.#model) {
      this.#model = model;
      this.#due = 0;
      this.#error = '';
      this.#show(model.outputs);
    }
    this.#updateMessage(model);
  }

  /** Fetch the newest output if it may have changed, now or when that is due. */
  follow(): void {
    this.#following = true;
    const model = this.#model;
    if (!this.#changed || this.#fetching || !model?.request || model.connection !== 'live') return;
    clearTimeout(this.#timer);
    const wait = this.#due - performance.now();
    if (wait > 0) this.#timer = window.setTimeout(() => this.follow(), wait);
    else void this.#fetch(model);
  }

  /** Fetch no more until the next {@link follow}. */
  pause(): void {
    this.#following = false;
    clearTimeout(this.#timer);
  }

  /** Show the end of the list, where the newest is. */
  scrollToEnd(): void {
    this.#list.scrollTop = this.#list.scrollHeight;
  }

  async #fetch(model: ResultModel): Promise<void> {
    this.#fetching = true;
    this.#changed = false;
    this.#fetched = model.head.outputs_total;
    this.#updateMessage(model);
    let characters = 0;
    try {
      const { outputs } = await model.request!({ type: 'outputs', result: model.id });
      if (model === this.#model) {
        model.outputs = outputs;
        const news = this.#show(outputs);
        this.#interval = news ? MIN_INTERVAL : Math.min(MAX_IDLE_INTERVAL, 2 * this.#interval);
        characters = outputs.reduce((sum, { stdout, stderr }) => sum + stdout.length + stderr.length, 0);
        this.#error = '';
      }
    } catch (error) {
      if (model === this.#model) this.#error = words.reason(error);
    }
    this.#fetching = false;
    this.#due = performance.now() + Math.max(this.#interval, (1_000 * characters) / CHARACTERS_A_SECOND);
    if (this.#model) this.#updateMessage(this.#model);
    if (this.#following) this.follow();
  }

  /** Show outputs, of which the newest is the first; true if they differ from what was shown. */
  #show(outputs: readonly TaskOutput[]): boolean {
    const list = this.#list;
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 8;
    const focused = [...this.#items].find(([, item]) => item.contains(document.activeElement))?.[1];
    const before = this.#items;
    this.#items = new Map(
      [...outputs].reverse().map(output => {
        const key = JSON.stringify(output);
        return [key, before.get(key) ?? this.#item(output)];
      })
    );
    arrangeChildren(list, [...this.#items.values()]);
    const news = [...this.#items].filter(([key]) => !before.has(key)).map(([, item]) => item);
    for (const text of news.flatMap(item => [...item.querySelectorAll('pre')])) text.scrollTop = text.scrollHeight;
    if (isAtEnd) this.scrollToEnd();
    if (focused && !focused.isConnected) {
      const successor = news.find(item => item.dataset.task === focused.dataset.task);
      (successor?.querySelector('button') ?? list).focus({ preventScroll: true });
    }
    return news.length > 0;
  }

  #updateMessage({ head }: ResultModel): void {
    const shown = this.#items.size;
    const emptyText = head.outputs_total ? (this.#fetching ? '' : 'Not kept in the notebook.') : 'Nothing was written.';
    const nouns = `${words.messageNoun(head)}s that wrote something`;
    const text = shown ? words.shownPart(shown, head.outputs_total, nouns) : emptyText;
    setText(this.#message, this.#error || text);
  }

  #item(output: TaskOutput): HTMLElement {
    let omitted = output.omitted;
    const streams = [['', output.stdout] as const, ['stderr', output.stderr] as const].flatMap(
      ([label, text]) => {
        const recent = text.slice(-8 * MAX_SHOWN);
        const [start, cut, end] = clip(applyCarriageReturns(recent), 0, MAX_SHOWN);
        omitted += text.length - recent.length + cut;
        const shown = (start + end).replace(/\n+$/, '');
        if (!shown) return [];
        const pre = textBlock(label || 'stdout');
        appendText(pre, shown);
        return label ? [el('p', { class: 'ipar-where' }, label), pre] : [pre];
      }
    );
    const head = this.#model?.head;
    const name = !head || head.single ? 'Details' : words.firstTask(output.index, head);
    const link = button(name, { class: 'ipar-link' }, () => this.open(output.index));
    const rich = output.rich ? plural(output.rich, 'rich output') : '';
    const place = this.#model?.head.single ? '' : words.engines([output.engine_id]);
    const facts = joinFacts(place, omitted ? `… ${countOmitted(omitted)}` : '', rich);
    const heading = el('p', { class: 'ipar-where' }, link, facts ? ` · ${facts}` : '');
    return el('div', { class: 'ipar-output', 'data-task': output.index }, heading, ...streams);
  }
}

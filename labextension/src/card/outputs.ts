/** Output of the newest tasks: fetched from the kernel when its fold is opened, else as saved. */

import type { ResultModel } from '../model/result';
import * as words from '../model/words';
import type { TaskOutput } from '../protocol/records';
import { appendText, clip, countOmitted, applyCarriageReturns } from '../ui/ansi';
import { button, el, setText, setAttribute, textBlock } from '../ui/dom';
import { formatCount, joinFacts, plural } from '../ui/formatting';

/** Characters of a stream that are shown. */
const MAX_SHOWN = 1_000;

export class OutputsView {
  readonly node = el('div');
  readonly #open: (index: number) => void;
  readonly #refresh: HTMLButtonElement;
  readonly #message = el('span', { class: 'ipar-cut', role: 'status' });
  readonly #list = el('div', { class: 'ipar-scroll', tabindex: 0, role: 'group', 'aria-label': 'Output' });
  #model: ResultModel | null = null;
  #fetched = 0;
  /** Why the last fetch failed. */
  #error = '';

  constructor(open: (index: number) => void) {
    this.#open = open;
    this.#refresh = button('Refresh', { class: 'ipar-link' }, () => void this.fetch());
    this.node.append(el('div', { class: 'ipar-row' }, this.#refresh, this.#message), this.#list);
  }

  /** Number of tasks that wrote something since the last fetch. */
  unseen(model: ResultModel): number {
    return model.connection === 'live' ? Math.max(0, model.head.outputs_total - this.#fetched) : 0;
  }

  update(model: ResultModel): void {
    setAttribute(this.#refresh, 'hidden', model.connection !== 'live');
    if (model !== this.#model) {
      this.#model = model;
      this.#show(model.outputs);
    }
    this.#updateMessage(model.head.outputs_total);
  }

  /** Fetch the newest output. */
  async fetch(): Promise<void> {
    const model = this.#model;
    if (!model?.request || model.connection !== 'live') return;
    this.#fetched = model.head.outputs_total;
    setAttribute(this.#refresh, 'aria-disabled', 'true');
    this.#error = '';
    try {
      const { outputs } = await model.request({ type: 'outputs', result: model.id });
      if (model !== this.#model) return;
      model.outputs = outputs;
      this.#show(outputs);
      this.#updateMessage(model.head.outputs_total);
    } catch (error) {
      this.#error = words.reason(error);
      this.#updateMessage(model.head.outputs_total);
    } finally {
      setAttribute(this.#refresh, 'aria-disabled', undefined);
    }
  }

  #show(outputs: readonly TaskOutput[]): void {
    this.#list.replaceChildren(...[...outputs].reverse().map(output => this.#item(output)));
    this.#list.scrollTop = this.#list.scrollHeight; // the newest is the last
  }

  #updateMessage(total: number): void {
    const shown = this.#list.children.length;
    const emptyText = total ? 'Not kept in the notebook.' : 'Nothing was written.';
    const text = shown ? words.shownPart(shown, total, 'tasks that wrote something') : emptyText;
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
    const name = this.#model?.head.single ? 'Details' : `task ${formatCount(output.index)}`;
    const link = button(name, { class: 'ipar-link' }, () => {
      this.#open(output.index);
    });
    const rich = output.rich ? plural(output.rich, 'rich output') : '';
    const place = this.#model?.head.single ? '' : words.engines([output.engine_id]);
    const facts = joinFacts(place, omitted ? `… ${countOmitted(omitted)}` : '', rich);
    const head = el('p', { class: 'ipar-where' }, link, facts ? ` · ${facts}` : '');
    return el('div', { class: 'ipar-output' }, head, ...streams);
  }
}

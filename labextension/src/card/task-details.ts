/** Details of one task: facts, traceback, streams and rich outputs. */

import type { ResultModel } from '../model/result';
import * as words from '../model/words';
import type { RichOutput, Stream, TaskReply } from '../protocol/replies';
import type { Mark } from '../timeline/marks';
import { appendText, countOmitted, applyCarriageReturns } from '../ui/ansi';
import { bdi, button, el, setText, setAttribute, textBlock } from '../ui/dom';
import { capitalized, formatDuration, formatCount, joinFacts } from '../ui/formatting';
import { tracebackNodes } from './failures';
import { taskTitle } from './tasks';

/** Characters of a stream that are requested, first and at most. */
const FIRST_LIMIT = 4_000;
const MAX_LIMIT = 1_000_000;
const MAX_TRACEBACK = 100_000;

/** Renders a rich output into a host; the returned object removes it. */
export type RenderOutput = (output: RichOutput, host: HTMLElement) => { dispose(): void };

export class TaskDetailsView {
  readonly node = el('section', { class: 'ipar-drawer', hidden: true, tabindex: -1 });
  readonly #title = el('b');
  readonly #message = el('p', { class: 'ipar-cut', role: 'status' });
  readonly #content = el('div');
  readonly #more = button('Show more', { hidden: true }, () => {
    this.#limit = Math.min(MAX_LIMIT, this.#limit * 10);
    void this.#fetch();
  });
  #rendered: { dispose(): void }[] = [];
  #opener: HTMLElement | null = null;
  #limit = FIRST_LIMIT;
  /** Counts requests: a reply to an earlier one is not shown. */
  #requests = 0;
  #mark: Mark | null = null;
  #model: ResultModel | null = null;

  constructor(private readonly render?: RenderOutput) {
    const close = button('Close', { 'aria-label': 'Close task' }, () => this.close());
    const head = el('div', { class: 'ipar-row ipar-drawer-head' }, this.#title, close);
    this.node.append(head, this.#message, this.#content, this.#more);
    this.node.addEventListener('keydown', event => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      this.close();
    });
  }

  open(mark: Mark, model: ResultModel): void {
    this.#opener = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    this.#mark = mark;
    this.#model = model;
    this.#limit = FIRST_LIMIT;
    this.#clear();
    const name = capitalized(taskTitle(mark, model));
    setText(this.#title, name);
    setAttribute(this.node, 'aria-label', name);
    setAttribute(this.node, 'hidden', false);
    this.node.focus({ preventScroll: true });
    this.node.scrollIntoView({ block: 'nearest' });
    if (model.request && model.connection === 'live') void this.#fetch();
    else this.#showSaved(mark, model);
  }

  /** Close without moving the focus: another result is shown, or none. */
  reset(): void {
    this.#requests++;
    this.#clear();
    this.#mark = this.#model = null;
    setAttribute(this.node, 'hidden', true);
  }

  close(): void {
    const hadFocus = this.node.contains(document.activeElement);
    this.reset();
    if (hadFocus && this.#opener?.isConnected) this.#opener.focus();
  }

  async #fetch(): Promise<void> {
    const [mark, model] = [this.#mark, this.#model];
    if (!mark || !model?.request) return;
    const request = ++this.#requests;
    setAttribute(this.#more, 'aria-disabled', 'true');
    setText(this.#message, 'Asking the kernel…');
    try {
      const { position } = mark;
      const task = await model.request({ type: 'task', result: model.id, position, limit: this.#limit });
      if (request !== this.#requests) return;
      setText(this.#message, '');
      this.#showReply(task, model);
    } catch (error) {
      if (request !== this.#requests) return;
      setText(this.#message, words.reason(error));
      if (!this.#content.hasChildNodes()) this.#showSaved(mark, model);
    } finally {
      setAttribute(this.#more, 'aria-disabled', undefined);
    }
  }

  #showReply(task: TaskReply, model: ResultModel): void {
    this.#clear();
    const after = (time: number | null): string =>
      formatDuration(time === null ? null : words.afterStart(time, model.head));
    this.#appendFacts([
      ['State', words.STATES[task.status].join(' ')],
      ['Engine', words.engineLabel(task.engine_id)],
      ['Submitted', after(task.submitted)],
      ['Started', after(task.started)],
      ['Took', formatDuration(task.duration)],
      ['Arrived', after(task.received)],
      ['Attempts', task.attempts > 1 ? formatCount(task.attempts) : ''],
      ['Input', task.input === null ? '' : words.sentence(task.input)],
      ['Message', words.sentence(task.msg_id)]
    ]);
    if (task.error)
      this.#content.append(el('p', { class: 'ipar-failed' }, bdi(`✕ ${words.failureTitle(task.error)}`)));
    if (task.traceback) this.#content.append(...tracebackNodes(task.traceback, MAX_TRACEBACK));
    const cut = [this.#appendStream('stdout', task.stdout), this.#appendStream('stderr', task.stderr)].some(Boolean);
    for (const output of task.outputs) this.#appendRich(output);
    const unseen = words.shownPart(task.outputs.length, task.outputs_total, 'rich outputs');
    if (unseen) this.#content.append(el('p', { class: 'ipar-cut' }, unseen));
    if (!task.stdout.total && !task.stderr.total && !task.outputs_total) {
      this.#content.append(el('p', { class: 'ipar-cut' }, 'It wrote nothing.'));
    }
    setAttribute(this.#more, 'hidden', !cut || this.#limit >= MAX_LIMIT);
  }

  /** Show what the page has without the kernel. */
  #showSaved(mark: Mark, model: ResultModel): void {
    const record = model.tasks.find(task => task.index === mark.first);
    this.#appendFacts([
      ['State', words.STATES[mark.status].join(' ')],
      ['Engine', words.engineLabel(model.slots[mark.slot])],
      ['Started', formatDuration(mark.start)],
      ['Took', formatDuration(mark.duration)],
      ['Input', record?.input ? words.sentence(record.input) : ''],
      ['Message', record ? words.sentence(record.msg_id) : '']
    ]);
    const failure = model.failures.find(group => group.first === mark.first);
    if (failure && mark.status === 'failed')
      this.#content.append(...tracebackNodes(failure.traceback, MAX_TRACEBACK));
    const output = model.outputs.find(task => task.index === mark.first);
    this.#appendStream('stdout', { text: output?.stdout ?? '', total: 0 });
    this.#appendStream('stderr', { text: output?.stderr ?? '', total: 0 });
    this.#content.append(el('p', { class: 'ipar-cut' }, 'More is known only while its kernel runs.'));
  }

  #appendFacts(facts: [string, string][]): void {
    const list = el('dl', { class: 'ipar-details' });
    for (const [name, text] of facts) {
      if (text && text !== '–') list.append(el('div', {}, el('dt', {}, name), el('dd', {}, bdi(text))));
    }
    this.#content.append(list);
  }

  /** Append the end of a stream; true if there is more. */
  #appendStream(name: string, stream: Stream): boolean {
    const text = stream.text.slice(-2 * MAX_LIMIT);
    const omitted = stream.total - codePoints(stream.text);
    if (!text) return omitted > 0;
    const more = omitted > 0 ? `… ${countOmitted(omitted)}` : '';
    const pre = textBlock(name);
    appendText(pre, applyCarriageReturns(text).replace(/\n+$/, ''));
    this.#content.append(el('p', { class: 'ipar-where' }, joinFacts(name, more)), pre);
    return omitted > 0;
  }

  #appendRich(output: RichOutput): void {
    const host = el('div', { class: 'ipar-rich' });
    const plain = output.data['text/plain'];
    this.#content.append(host);
    if (this.render) this.#rendered.push(this.render(output, host));
    else appendText(host, typeof plain === 'string' ? plain.slice(0, MAX_LIMIT) : 'A rich output.');
  }

  #clear(): void {
    for (const rendered of this.#rendered) rendered.dispose();
    this.#rendered = [];
    this.#content.replaceChildren();
    setText(this.#message, '');
    setAttribute(this.#more, 'hidden', true);
  }
}

/** Code points of a text, as the kernel counts its characters. */
function codePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xd800) count--;
  return count;
}

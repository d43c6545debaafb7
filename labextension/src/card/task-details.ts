/** One task in full: its facts, its traceback, what it wrote, and its rich outputs. */

import { appendText, leftOut, overwritten } from '../ui/ansi';
import { bdi, button, el, say, set } from '../ui/dom';
import { appendTraceback } from './failures';
import { title } from './tasks';
import { clock, grouped, joined } from '../ui/formatting';
import * as words from '../model/words';
import type { Mark } from '../timeline/marks';
import type { ResultModel } from '../model/result';
import type { RichOutput, Stream, TaskReply } from '../protocol/replies';

const FIRST = 4_000;
const MOST = 1_000_000;
const TRACEBACK = 100_000;

/** Draws a rich output below a host; what it returns ends it. */
export type RenderOutput = (output: RichOutput, host: HTMLElement) => { dispose(): void };

export class DrawerView {
  readonly node = el('section', { class: 'ipar-drawer', hidden: true, tabindex: -1 });
  readonly #render: RenderOutput | null;
  readonly #title = el('b');
  readonly #said = el('p', { class: 'ipar-cut', role: 'status' });
  readonly #content = el('div');
  readonly #more: HTMLButtonElement;
  #rendered: { dispose(): void }[] = [];
  #from: HTMLElement | null = null;
  #limit = FIRST;
  /** The newest question; an answer to an older one is not shown. */
  #asked = 0;
  #mark: Mark | null = null;
  #model: ResultModel | null = null;

  constructor(render: RenderOutput | null) {
    this.#render = render;
    this.#more = button('Show more', { hidden: true }, () => {
      this.#limit = Math.min(MOST, this.#limit * 10);
      void this.#fetch();
    });
    const close = button('Close', { 'aria-label': 'Close task' }, () => {
      this.close();
    });
    const head = el('div', { class: 'ipar-row ipar-drawer-head' }, this.#title, close);
    this.node.append(head, this.#said, this.#content, this.#more);
    this.node.addEventListener('keydown', event => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      this.close();
    });
  }

  open(mark: Mark, model: ResultModel): void {
    this.#from = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    this.#mark = mark;
    this.#model = model;
    this.#limit = FIRST;
    this.#clear();
    const name = `Task ${title(mark, model)}`;
    say(this.#title, name);
    set(this.node, 'aria-label', name);
    set(this.node, 'hidden', false);
    this.node.focus({ preventScroll: true });
    this.node.scrollIntoView({ block: 'nearest' });
    if (model.commands && model.connection === 'live') void this.#fetch();
    else this.#kept(mark, model);
  }

  /** The result was replaced by another. */
  forget(): void {
    this.#asked++;
    this.#clear();
    this.#mark = this.#model = null;
    set(this.node, 'hidden', true);
  }

  close(): void {
    const held = this.node.contains(document.activeElement);
    this.forget();
    if (held && this.#from?.isConnected) this.#from.focus();
  }

  dispose(): void {
    this.forget();
  }

  async #fetch(): Promise<void> {
    const [mark, model] = [this.#mark, this.#model];
    if (!mark || !model?.commands) return;
    const asked = ++this.#asked;
    set(this.#more, 'aria-disabled', 'true');
    say(this.#said, 'Asking the kernel…');
    try {
      const task = await model.commands.task(mark.position, this.#limit);
      if (asked !== this.#asked) return;
      say(this.#said, '');
      this.#show(task, model);
    } catch (error) {
      if (asked !== this.#asked) return;
      say(this.#said, words.reason(error));
      if (!this.#content.hasChildNodes()) this.#kept(mark, model);
    } finally {
      set(this.#more, 'aria-disabled', undefined);
    }
  }

  #show(task: TaskReply, model: ResultModel): void {
    this.#clear();
    const after = (time: number | null): string => clock(time === null ? null : time - model.head.base);
    this.#facts([
      ['State', words.STATES[task.status].join(' ')],
      ['Engine', words.engine(task.engine_id)],
      ['Submitted', after(task.submitted)],
      ['Started', after(task.started)],
      ['Took', clock(task.duration)],
      ['Arrived', after(task.received)],
      ['Attempts', task.attempts > 1 ? grouped(task.attempts) : ''],
      ['Input', task.input === null ? '' : words.sentence(task.input)],
      ['Message', words.sentence(task.msg_id)]
    ]);
    if (task.error)
      this.#content.append(el('p', { class: 'ipar-failed' }, bdi(`✕ ${words.failure(task.error)}`)));
    if (task.traceback) this.#traceback(task.traceback);
    const cut = [this.#stream('stdout', task.stdout), this.#stream('stderr', task.stderr)].some(Boolean);
    for (const output of task.outputs) this.#rich(output);
    const unseen = words.cut(task.outputs.length, task.outputs_total, 'rich outputs');
    if (unseen) this.#content.append(el('p', { class: 'ipar-cut' }, unseen));
    if (!task.stdout.total && !task.stderr.total && !task.outputs_total) {
      this.#content.append(el('p', { class: 'ipar-cut' }, 'It wrote nothing.'));
    }
    set(this.#more, 'hidden', !cut || this.#limit >= MOST);
  }

  /** What is known without a kernel. */
  #kept(mark: Mark, model: ResultModel): void {
    const record = model.tasks.find(task => task.index === mark.first);
    this.#facts([
      ['State', words.STATES[mark.status].join(' ')],
      ['Engine', words.engine(model.slots[mark.slot])],
      ['Started', clock(mark.start)],
      ['Took', clock(mark.duration)],
      ['Message', record ? words.sentence(record.msg_id) : '']
    ]);
    const failure = model.failures.find(group => group.first === mark.first);
    if (failure && mark.status === 'failed') this.#traceback(failure.traceback);
    const output = model.outputs.find(task => task.index === mark.first);
    this.#stream('stdout', { text: output?.stdout ?? '', total: 0 });
    this.#stream('stderr', { text: output?.stderr ?? '', total: 0 });
    this.#content.append(el('p', { class: 'ipar-cut' }, 'More is known only while its kernel runs.'));
  }

  #facts(facts: [string, string][]): void {
    const list = el('dl', { class: 'ipar-details' });
    for (const [name, text] of facts) {
      if (text && text !== '–') list.append(el('div', {}, el('dt', {}, name), el('dd', {}, bdi(text))));
    }
    this.#content.append(list);
  }

  #traceback(text: string): void {
    const pre = el('pre', { class: 'ipar-text', tabindex: 0, role: 'group', 'aria-label': 'Traceback' });
    appendTraceback(pre, text, TRACEBACK);
    this.#content.append(pre);
  }

  /** The end of a stream; true where there is more. */
  #stream(name: string, stream: Stream): boolean {
    const text = stream.text.slice(-2 * MOST);
    const omitted = stream.total - length(stream.text);
    if (!text) return omitted > 0;
    const more = omitted > 0 ? `… ${leftOut(omitted)}` : '';
    const pre = el('pre', { class: 'ipar-text', tabindex: 0, role: 'group', 'aria-label': name });
    appendText(pre, overwritten(text).replace(/\n+$/, ''));
    this.#content.append(el('p', { class: 'ipar-where' }, joined(name, more)), pre);
    return omitted > 0;
  }

  #rich(output: RichOutput): void {
    const host = el('div', { class: 'ipar-rich' });
    const plain = output.data['text/plain'];
    this.#content.append(host);
    if (this.#render) this.#rendered.push(this.#render(output, host));
    else appendText(host, typeof plain === 'string' ? plain.slice(0, MOST) : 'A rich output.');
  }

  #clear(): void {
    for (const rendered of this.#rendered) rendered.dispose();
    this.#rendered = [];
    this.#content.replaceChildren();
    say(this.#said, '');
    set(this.#more, 'hidden', true);
  }
}

/** Characters as the kernel counts them. */
function length(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xd800) count--;
  return count;
}

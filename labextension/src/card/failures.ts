/** The groups of failures, each with one full traceback folded away. */

import { appendText, clip, leftOut, strip } from '../ui/ansi';
import { bdi, button, el, say, set } from '../ui/dom';
import { grouped } from '../ui/formatting';
import * as words from '../model/words';
import type { Failure, ResultModel } from '../model/result';

const SHOWN = 8_000;
const WHOLE = 100_000;
/** A traceback of this length was cut before it came. */
const CUT = 7_500;

export class FailuresView {
  readonly node = el('div', { class: 'ipar-failures', hidden: true });
  readonly #groups = new Map<number, Group>();
  readonly #cut = el('p', { class: 'ipar-cut', hidden: true });

  constructor() {
    this.node.append(this.#cut);
  }

  update(model: ResultModel): void {
    const { failures, head } = model;
    set(this.node, 'hidden', !failures.length);
    const present = new Set(failures.map(group => group.n));
    for (const [n, group] of this.#groups) {
      if (present.has(n)) continue;
      group.node.remove();
      this.#groups.delete(n);
    }
    failures.forEach((failure, i) => {
      let group = this.#groups.get(failure.n);
      if (!group) this.#groups.set(failure.n, (group = new Group()));
      group.update(failure, model);
      const there = this.node.children[i];
      if (there !== group.node) this.node.insertBefore(group.node, there ?? null);
    });
    const cut = words.cut(failures.length, head.failure_groups, 'groups of failures');
    say(this.#cut, cut);
    set(this.#cut, 'hidden', !cut);
  }
}

class Group {
  readonly node: HTMLDetailsElement;
  readonly #count = el('span', { class: 'ipar-failed' });
  readonly #title = bdi('');
  readonly #where = bdi('');
  readonly #affected = el('p', { class: 'ipar-where', hidden: true });
  readonly #given = bdi('');
  readonly #input = el('p', { class: 'ipar-where', hidden: true }, this.#given);
  readonly #tools = el('div', { class: 'ipar-row' });
  readonly #text = el('pre', { class: 'ipar-text', tabindex: 0 });
  readonly #all: HTMLButtonElement;
  readonly #said = el('span', { class: 'ipar-cut', role: 'status' });
  #failure: Failure | null = null;
  #model: ResultModel | null = null;
  /** What the fold shows now, and the whole where it was asked for. */
  #shown = '';
  #whole: string | null = null;

  constructor() {
    const copy = button('Copy traceback', {}, () => void this.#copy());
    this.#all = button('Show all', { hidden: true }, () => void this.#fetch());
    this.#tools.append(copy, this.#all, this.#said);
    const where = el('span', { class: 'ipar-where' }, this.#where);
    const summary = el('summary', {}, this.#count, ' ', this.#title, ' ', where);
    this.node = el('details', { class: 'ipar-failure' }, summary, this.#affected, this.#input, this.#text, this.#tools);
    this.node.addEventListener('toggle', () => {
      this.#draw();
    });
  }

  update(failure: Failure, model: ResultModel): void {
    if (failure.traceback !== this.#failure?.traceback) this.#whole = null;
    this.#failure = failure;
    this.#model = model;
    say(this.#count, model.head.single ? '✕' : `✕ ${grouped(failure.count)}`);
    say(this.#title, words.failure(failure));
    say(this.#where, words.where(failure));
    const affected = model.head.single ? '' : words.affected(failure, model.head.base);
    say(this.#affected, affected);
    set(this.#affected, 'hidden', !affected);
    const given = words.given(failure.input);
    say(this.#given, given);
    set(this.#input, 'hidden', !given);
    set(this.#all, 'hidden', !this.#cutShort());
    this.#draw();
  }

  #cutShort(): boolean {
    const long = (this.#failure?.traceback.length ?? 0) >= CUT;
    return this.#whole === null && long && this.#model?.connection === 'live';
  }

  #draw(): void {
    const text = this.#whole ?? this.#failure?.traceback ?? '';
    if (!this.node.open || text === this.#shown) return;
    this.#shown = text;
    this.#text.replaceChildren();
    appendTraceback(this.#text, text, this.#whole === null ? SHOWN : WHOLE);
  }

  async #fetch(): Promise<string> {
    const { commands } = this.#model ?? {};
    if (!commands || !this.#failure) return this.#shown;
    try {
      this.#whole = await commands.traceback(this.#failure.n);
      set(this.#all, 'hidden', true);
      this.#draw();
    } catch (error) {
      say(this.#said, words.reason(error));
    }
    return this.#whole ?? this.#shown;
  }

  async #copy(): Promise<void> {
    const text = this.#cutShort() ? await this.#fetch() : (this.#whole ?? this.#failure?.traceback ?? '');
    say(this.#said, (await copied(strip(text))) ? 'Copied.' : 'The browser did not allow copying.');
  }
}

/** A traceback with its colours: both ends, where it is too long. */
export function appendTraceback(parent: HTMLElement, traceback: string, limit: number): void {
  const [start, omitted, end] = clip(
    traceback.replace(/^\n+|\n+$/g, ''),
    Math.floor(limit / 3),
    limit - Math.floor(limit / 3)
  );
  appendText(parent, start);
  if (!omitted) return;
  parent.append(el('span', { class: 'ipar-dim' }, `\n… ${leftOut(omitted)} …\n`));
  appendText(parent, end);
}

/** Put text on the clipboard; a page without a secure origin has only the old way. */
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = el('textarea', { class: 'ipar-hidden' });
    area.value = text;
    document.body.append(area);
    area.select();
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is no other way without a secure origin
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}

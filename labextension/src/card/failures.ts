/** Groups of failures, each with one traceback in a fold. */

import type { Failure, ResultModel } from '../model/result';
import * as words from '../model/words';
import { appendText, clip, countOmitted, sanitize } from '../ui/ansi';
import { arrangeChildren, bdi, button, el, setText, setAttribute, textBlock } from '../ui/dom';
import { formatCount } from '../ui/formatting';

/** Characters of a traceback that are shown, first and on request. */
const MAX_SHOWN = 8_000;
const MAX_FULL = 100_000;
/** The kernel sends no more characters than about these: a traceback of this length may be cut. */
const MAYBE_CUT = 7_500;

export class FailuresView {
  #groups = new Map<number, Group>();
  readonly #cut = el('p', { class: 'ipar-cut', hidden: true });
  readonly node = el('div', { class: 'ipar-failures', hidden: true }, this.#cut);

  update(model: ResultModel): void {
    const { failures, head } = model;
    setAttribute(this.node, 'hidden', !failures.length);
    this.#groups = new Map(failures.map(({ n }) => [n, this.#groups.get(n) ?? new Group()]));
    for (const failure of failures) this.#groups.get(failure.n)!.update(failure, model);
    arrangeChildren(this.node, [...[...this.#groups.values()].map(group => group.node), this.#cut]);
    const cut = words.shownPart(failures.length, head.failure_groups, 'groups of failures');
    setText(this.#cut, cut);
    setAttribute(this.#cut, 'hidden', !cut);
  }
}

class Group {
  readonly #count = el('span', { class: 'ipar-failed' });
  readonly #title = bdi('');
  readonly #where = bdi('');
  readonly #affected = el('p', { class: 'ipar-where', hidden: true });
  readonly #given = bdi('');
  readonly #input = el('p', { class: 'ipar-where', hidden: true }, this.#given);
  readonly #text = el('div');
  readonly #showAll = button('Show all', { hidden: true }, () => void this.#fetchFull());
  readonly #message = el('span', { class: 'ipar-cut', role: 'status' });
  readonly node: HTMLDetailsElement;
  #failure: Failure | null = null;
  #model: ResultModel | null = null;
  /** The text in the fold, and the full traceback once it was requested. */
  #shown = '';
  #full: string | null = null;

  constructor() {
    const copy = button('Copy traceback', {}, () => void this.#copy());
    const tools = el('div', { class: 'ipar-row' }, copy, this.#showAll, this.#message);
    const where = el('span', { class: 'ipar-where' }, this.#where);
    const summary = el('summary', {}, this.#count, ' ', this.#title, ' ', where);
    this.node = el('details', { class: 'ipar-failure' }, summary, this.#affected, this.#input, this.#text, tools);
    this.node.addEventListener('toggle', () => this.#draw());
  }

  update(failure: Failure, model: ResultModel): void {
    if (failure.traceback !== this.#failure?.traceback) this.#full = null;
    this.#failure = failure;
    this.#model = model;
    setText(this.#count, model.head.single ? '✕' : `✕ ${formatCount(failure.count)}`);
    setText(this.#title, words.failureTitle(failure, words.alike(failure)));
    setText(this.#where, words.failureLocation(failure));
    const affected = model.head.single ? '' : words.failedTasks(failure, model.head);
    setText(this.#affected, affected);
    setAttribute(this.#affected, 'hidden', !affected);
    const given = words.failedInput(failure.input);
    setText(this.#given, given);
    setAttribute(this.#input, 'hidden', !given);
    setAttribute(this.#showAll, 'hidden', !this.#isCut());
    this.#draw();
  }

  #isCut(): boolean {
    const long = (this.#failure?.traceback.length ?? 0) >= MAYBE_CUT;
    return this.#full === null && long && this.#model?.connection === 'live';
  }

  #draw(): void {
    const text = this.#full ?? this.#failure?.traceback ?? '';
    if (!this.node.open || text === this.#shown) return;
    this.#shown = text;
    this.#text.replaceChildren(...tracebackNodes(text, this.#full === null ? MAX_SHOWN : MAX_FULL));
  }

  async #fetchFull(): Promise<string> {
    const [model, failure] = [this.#model, this.#failure];
    if (!model?.request || !failure) return this.#shown;
    try {
      this.#full = (await model.request({ type: 'traceback', result: model.id, group: failure.n })).traceback;
      setAttribute(this.#showAll, 'hidden', true);
      this.#draw();
    } catch (error) {
      setText(this.#message, words.reason(error));
    }
    return this.#full ?? this.#shown;
  }

  async #copy(): Promise<void> {
    const text = this.#isCut() ? await this.#fetchFull() : (this.#full ?? this.#failure?.traceback ?? '');
    setText(this.#message, (await copyText(sanitize(text))) ? 'Copied.' : 'The browser did not allow copying.');
  }
}

/** Return a traceback with its colours: the user's frames, and a fold with those of libraries. */
export function tracebackNodes(traceback: string, limit: number): HTMLElement[] {
  const [users, whole] = words.splitTraceback(traceback).map(text => tracebackBlock(text, limit));
  const fold = el('details', { class: 'ipar-whole' }, el('summary', { class: 'ipar-where' }, 'Whole traceback'));
  if (whole) fold.append(whole);
  return [...(users ? [users] : []), ...(whole ? [fold] : [])];
}

/** A text with its colours; of a long one both ends. */
function tracebackBlock(text: string, limit: number): HTMLElement {
  const node = textBlock('Traceback');
  const [start, omitted, end] = clip(text, Math.floor(limit / 3), limit - Math.floor(limit / 3));
  appendText(node, start);
  if (!omitted) return node;
  node.append(el('span', { class: 'ipar-dim' }, `\n… ${countOmitted(omitted)} …\n`));
  appendText(node, end);
  return node;
}

/** Copy to the clipboard. A page without a secure origin has only `execCommand`. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = el('textarea', { class: 'ipar-hidden' });
    area.value = text;
    document.body.append(area);
    area.select();
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is no other way without a secure origin
    const copied = document.execCommand('copy');
    area.remove();
    return copied;
  }
}

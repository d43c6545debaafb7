/** Head of a card: name, progress bar, counts, times, and a note. */

import type { ResultModel } from '../model/result';
import { connectionNotice, ranOn, stateOf } from '../model/state';
import * as words from '../model/words';
import { bdi, el, syncChildren, setText, setAttribute } from '../ui/dom';
import { joinFacts } from '../ui/formatting';
import { ProgressBar } from '../ui/progress-bar';

/** Minimum milliseconds between two announcements to a screen reader. */
const ANNOUNCE_INTERVAL = 15_000;

export class HeadView {
  readonly #glyph = el('span', { class: 'ipar-glyph', role: 'img' });
  readonly #name = bdi('');
  readonly #progress = bdi('');
  readonly #engine = bdi('');
  readonly #elapsed = bdi('');
  readonly #eta = el('b');
  readonly #bar = new ProgressBar();
  readonly #facts = el('p', { class: 'ipar-facts' });
  readonly #note = el('p', { class: 'ipar-note', hidden: true });
  readonly #live = el('span', { class: 'ipar-hidden', 'aria-live': 'polite' });
  #announced = { at: -Infinity, text: '' };
  /** The line of the name; the card appends the buttons. */
  readonly line = el(
    'div',
    { class: 'ipar-head' },
    this.#glyph,
    el('code', { class: 'ipar-name' }, this.#name),
    el('span', { class: 'ipar-fact' }, this.#progress),
    el('span', { class: 'ipar-pace' }, this.#engine, this.#elapsed, this.#eta)
  );
  /** The elements below the line. */
  readonly below = [this.#bar.node, this.#facts, this.#note, this.#live];

  update(model: ResultModel, now: number): void {
    const { head } = model;
    const [glyph, word] = stateOf(model);
    setText(this.#glyph, glyph);
    setAttribute(this.#glyph, 'class', `ipar-glyph ipar-${glyph === '‖' ? 'frozen' : head.state}`);
    setAttribute(this.#glyph, 'aria-label', word);
    setAttribute(this.#glyph, 'title', word);
    setText(this.#name, words.resultName(head));
    setText(this.#progress, head.single ? words.outcome(head) : words.progress(head));
    setText(this.#engine, head.single ? ranOn(model) : '');
    this.tick(model, now);
    this.#updateCounts(model);
    const note = joinFacts(connectionNotice(model), words.note(head));
    setText(this.#note, note);
    setAttribute(this.#note, 'hidden', !note);
    this.#announce(model, now);
  }

  /** Update only what changes with time. */
  tick(model: ResultModel, now: number): void {
    const { head } = model;
    const isStopped = !head.finished && model.connection !== 'live';
    const times = words.times(isStopped ? { ...head, state: 'queued' } : head, model.elapsed(now));
    if (isStopped) times.push(stateOf(model)[1]);
    setText(this.#elapsed, head.total ? joinFacts(...times) : '');
    setText(this.#eta, isStopped ? '' : words.eta(head, model.eta(now)));
  }

  #updateCounts(model: ResultModel): void {
    const { head } = model;
    const counts = head.single ? [] : words.counts(head);
    setAttribute(this.#bar.node, 'hidden', !counts.length);
    setAttribute(this.#facts, 'hidden', !counts.length);
    this.#bar.update(words.resultName(head), head.done, head.total, counts);
    const losses = words.lostEngines(model.engines);
    const facts = [
      ...counts.map(({ state, phrase }) => ({ state, glyph: words.STATES[state][0], phrase })),
      ...(losses ? [{ state: 'lost', glyph: '!', phrase: losses }] : []),
      ...words.rates(head).map(phrase => ({ state: 'rate', glyph: '', phrase }))
    ];
    const create = (): HTMLElement => el('span', {}, el('b', { 'aria-hidden': 'true' }), el('span'));
    syncChildren(this.#facts, facts, create, (part, { state, glyph, phrase }) => {
      const [mark, text] = [part.children[0]!, part.children[1]!];
      setAttribute(part, 'class', `ipar-count ipar-count-${state}`);
      setAttribute(mark, 'class', `ipar-${state}`);
      setText(mark, glyph);
      setText(text, phrase);
    });
  }

  /** Announce the progress to screen readers, but rarely. */
  #announce(model: ResultModel, now: number): void {
    const { head } = model;
    const text = joinFacts(words.resultName(head), stateOf(model)[1], words.progress(head), connectionNotice(model));
    const endChanged = head.finished !== this.#announced.text.endsWith('.');
    if (now - this.#announced.at < ANNOUNCE_INTERVAL && !endChanged) return;
    this.#announced = { at: now, text: head.finished ? `${text}.` : text };
    // The first text is part of the page, and not announced.
    if (this.#live.isConnected) setText(this.#live, this.#announced.text);
  }
}

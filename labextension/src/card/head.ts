/** The top of a card: name, bar, counts, how long it takes, and what a person must know beside. */

import { bdi, el, fill, say, set } from '../ui/dom';
import { joined } from '../ui/formatting';
import * as words from '../model/words';
import type { ResultModel } from '../model/result';
import { notice, ranOn, stateOf } from '../model/state';

/** Said aloud at most this often, in milliseconds. */
const QUIET = 15_000;

export class HeadView {
  /** The line of the name; buttons go to its end. */
  readonly line: HTMLElement;
  /** What is below the line. */
  readonly below: HTMLElement[];
  readonly #glyph = el('span', { class: 'ipar-glyph', role: 'img' });
  readonly #name = bdi('');
  readonly #progress = bdi('');
  readonly #place = bdi('');
  readonly #elapsed = bdi('');
  readonly #eta = el('b');
  readonly #bar = el('div', { class: 'ipar-bar', role: 'progressbar', 'aria-valuemin': 0 });
  readonly #facts = el('p', { class: 'ipar-facts' });
  readonly #note = el('p', { class: 'ipar-note', hidden: true });
  readonly #live = el('span', { class: 'ipar-hidden', 'aria-live': 'polite' });
  #told = { at: -Infinity, text: '' };

  constructor() {
    this.line = el(
      'div',
      { class: 'ipar-head' },
      this.#glyph,
      el('code', { class: 'ipar-name' }, this.#name),
      el('span', { class: 'ipar-fact' }, this.#progress),
      el('span', { class: 'ipar-pace' }, this.#place, this.#elapsed, this.#eta)
    );
    this.below = [this.#bar, this.#facts, this.#note, this.#live];
  }

  update(model: ResultModel, now: number): void {
    const { head } = model;
    const [shape, word] = stateOf(model);
    say(this.#glyph, shape);
    set(this.#glyph, 'class', `ipar-glyph ipar-${shape === '‖' ? 'frozen' : head.state}`);
    set(this.#glyph, 'aria-label', word);
    set(this.#glyph, 'title', word);
    say(this.#name, words.name(head));
    say(this.#progress, head.single ? words.outcome(head) : words.progress(head));
    say(this.#place, head.single ? ranOn(model) : '');
    this.tick(model, now);
    this.#counts(model);
    const note = joined(notice(model), words.note(head));
    say(this.#note, note);
    set(this.#note, 'hidden', !note);
    this.#tell(model, now);
  }

  /** Only what changes with time. */
  tick(model: ResultModel, now: number): void {
    const { head } = model;
    const halted = !head.finished && model.connection !== 'live';
    const times = words.times(halted ? { ...head, state: 'queued' } : head, model.elapsed(now));
    if (halted) times.push(stateOf(model)[1]);
    say(this.#elapsed, head.total ? joined(...times) : '');
    say(this.#eta, halted ? '' : words.eta(head, model.eta(now)));
  }

  #counts(model: ResultModel): void {
    const { head } = model;
    const counts = head.single ? [] : words.counts(head);
    set(this.#bar, 'hidden', !counts.length);
    set(this.#facts, 'hidden', !counts.length);
    set(this.#bar, 'aria-label', words.name(head));
    set(this.#bar, 'aria-valuenow', head.done);
    set(this.#bar, 'aria-valuemax', head.total);
    set(this.#bar, 'aria-valuetext', counts.map(count => count.phrase).join(', '));
    fill(
      this.#bar,
      counts.length,
      () => el('i'),
      (part, i) => {
        const count = counts[i];
        set(part, 'class', `ipar-${count?.state ?? ''}`);
        part.style.flexGrow = String(count?.number ?? 0);
      }
    );
    const losses = words.losses(model.engines);
    const facts = [
      ...counts.map(({ state, phrase }) => ({
        state: state,
        shape: words.STATES[state][0],
        phrase
      })),
      ...(losses ? [{ state: 'lost', shape: '!', phrase: losses }] : []),
      ...words.rates(head, model.engines.length).map(phrase => ({ state: 'rate', shape: '', phrase }))
    ];
    fill(
      this.#facts,
      facts.length,
      () => el('span', {}, el('b'), el('span')),
      (part, i) => {
        const { state, shape, phrase } = facts[i] ?? { state: '', shape: '', phrase: '' };
        set(part, 'class', `ipar-count ipar-count-${state}`);
        const [mark, text] = part.children;
        if (!mark || !text) return;
        set(mark, 'class', `ipar-${state}`);
        set(mark, 'aria-hidden', 'true');
        say(mark, shape);
        say(text, phrase);
      }
    );
  }

  /** Tell who can't see the card how it goes, but rarely. */
  #tell(model: ResultModel, now: number): void {
    const { head } = model;
    const text = joined(words.name(head), stateOf(model)[1], words.progress(head), notice(model));
    const over = head.finished !== this.#told.text.endsWith('.');
    if (now - this.#told.at < QUIET && !over) return;
    this.#told = { at: now, text: head.finished ? `${text}.` : text };
    // The first words belong to the page, and nobody waits for them.
    if (this.#live.isConnected) say(this.#live, this.#told.text);
  }
}

/** What a card says once a run has ended: where the engines' time went, and what would have made it shorter. */

import { el, fill, say, set } from '../ui/dom';
import { share, unbroken } from '../ui/formatting';
import * as words from '../model/words';
import type { Head } from '../protocol/figures';
import type { Advice, TimeUse } from '../protocol/records';

const USES: readonly (readonly [Exclude<keyof TimeUse, 'engines' | 'total'>, string])[] = [
  ['computing', 'computing'],
  ['overhead', 'transfer and overhead'],
  ['waiting', 'waiting'],
  ['lost', 'lost to failures'],
  ['other', 'other work']
];

interface Part {
  use: string;
  fraction: number;
  phrase: string;
}

/** Where the engines' time went, without the parts that are nothing. */
export function timeUse(use: TimeUse | null): Part[] {
  if (!use || !(use.total > 0)) return [];
  return USES.map(([key, name]) => {
    const fraction = use[key] / use.total;
    return { use: key, fraction, phrase: `${name} ${share(fraction)}` };
  }).filter(part => part.fraction > 0);
}

export class AdviceView {
  readonly node = el('div');
  readonly #bar = el('div', { class: 'ipar-use', role: 'img', hidden: true });
  /** Words below the bar: in a small part there is no room for them, and no colour speaks for itself. */
  readonly #key = el('div', { class: 'ipar-key', 'aria-hidden': 'true', hidden: true });
  readonly #list = el('div');

  constructor() {
    this.node.append(this.#bar, this.#key, this.#list);
  }

  update(head: Head): void {
    this.#use(timeUse(head.time_use));
    this.#advise(head.advice);
  }

  #use(parts: readonly Part[]): void {
    const label = `Where the engines' time went: ${parts.map(part => part.phrase).join(', ')}`;
    set(this.#bar, 'hidden', !parts.length);
    set(this.#bar, 'aria-label', label);
    set(this.#bar, 'title', label);
    set(this.#key, 'hidden', !parts.length);
    fill(this.#bar, parts.length, () => el('i'), (node, i) => {
      set(node, 'class', `ipar-use-${parts[i]?.use ?? ''}`);
      node.style.flexGrow = String(parts[i]?.fraction ?? 0);
    });
    fill(this.#key, parts.length, () => el('span', {}, el('i'), el('span')), (node, i) => {
      const [swatch, text] = node.children;
      if (swatch) set(swatch, 'class', `ipar-use-${parts[i]?.use ?? ''}`);
      if (text) say(text, parts[i]?.phrase ?? '');
    });
  }

  #advise(advice: readonly Advice[]): void {
    fill(
      this.#list,
      advice.length,
      () => el('p', { class: 'ipar-advice' }),
      (part, i) => {
        const given = advice[i] ?? { message: '', evidence: '' };
        const [text, evidence] = [given.message, given.evidence].map(each =>
          unbroken(words.sentence(each))
        ) as [string, string];
        const first = /^.*?[.](?=\s|$)/.exec(text)?.[0] ?? text;
        if (part.textContent === `${text} ${evidence}`) return;
        part.replaceChildren(
          el('b', {}, first),
          `${text.slice(first.length)} `,
          el('span', { class: 'ipar-where' }, evidence)
        );
      }
    );
  }
}

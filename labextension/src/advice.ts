/** What a card says once a run has ended: where the engines' time went, and what would have made it shorter. */

import { el, set } from './dom';
import { fill } from './head';
import * as words from './words';
import type { Advice, Head, TimeUse } from './protocol';

const USES: readonly (readonly [Exclude<keyof TimeUse, 'engines' | 'total'>, string])[] = [
  ['computing', 'computing'],
  ['overhead', 'transfer and overhead'],
  ['waiting', 'waiting'],
  ['lost', 'lost to failures'],
  ['other', 'other work']
];
/** In a part that is smaller there is no room for words. */
const WORDED = 0.12;

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
    return { use: key, fraction, phrase: `${name} ${words.share(fraction)}` };
  }).filter(part => part.fraction > 0);
}

export class AdviceView {
  readonly node = el('div');
  readonly #bar = el('div', { class: 'ipar-use', role: 'img', hidden: true });
  readonly #list = el('div');

  constructor() {
    this.node.append(this.#bar, this.#list);
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
    fill(
      this.#bar,
      parts.length,
      () => el('i', {}, el('span')),
      (node, i) => {
        const { use, fraction, phrase } = parts[i] ?? { use: '', fraction: 0, phrase: '' };
        set(node, 'class', `ipar-use-${use}${fraction < WORDED ? ' ipar-slim' : ''}`);
        node.style.flexGrow = String(fraction);
        if (node.firstElementChild) node.firstElementChild.textContent = phrase;
      }
    );
  }

  #advise(advice: readonly Advice[]): void {
    fill(
      this.#list,
      advice.length,
      () => el('p', { class: 'ipar-advice' }),
      (part, i) => {
        const { message, evidence } = advice[i] ?? { message: '', evidence: '' };
        const text = words.sentence(message);
        const first = /^.*?[.](?=\s|$)/.exec(text)?.[0] ?? text;
        if (part.textContent === `${text} ${evidence}`) return;
        part.replaceChildren(
          el('b', {}, first),
          `${text.slice(first.length)} `,
          el('span', { class: 'ipar-where' }, words.sentence(evidence))
        );
      }
    );
  }
}

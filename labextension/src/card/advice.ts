/** Advice after a run: where the engines' time went, and what would have made the run shorter. */

import * as words from '../model/words';
import type { Head } from '../protocol/figures';
import type { Advice, TimeUse } from '../protocol/records';
import { el, syncChildren, setText, setAttribute } from '../ui/dom';
import { formatPercent, keepUnitsTogether } from '../ui/formatting';

const USES: readonly (readonly [Exclude<keyof TimeUse, 'engines' | 'total'>, string])[] = [
  ['computing', 'computing'],
  ['overhead', 'transfer and overhead'],
  ['waiting', 'waiting'],
  ['lost', 'lost to failures'],
  ['other', 'other work']
];

/** Part of the engines' time. */
interface TimePart {
  use: string;
  fraction: number;
  phrase: string;
}

/** Parts of the engines' time, without empty ones. */
export function timeUse(use: TimeUse | null): TimePart[] {
  if (!use || !(use.total > 0)) return [];
  return USES.map(([key, name]) => {
    const fraction = use[key] / use.total;
    return { use: key, fraction, phrase: `${name} ${formatPercent(fraction)}` };
  }).filter(part => part.fraction > 0);
}

export class AdviceView {
  readonly node = el('div');
  readonly #bar = el('div', { class: 'ipar-use', role: 'img', hidden: true });
  /** Legend below the bar: a small part has no room for text, and a colour alone means nothing. */
  readonly #legend = el('div', { class: 'ipar-key', 'aria-hidden': 'true', hidden: true });
  readonly #list = el('div');

  constructor() {
    this.node.append(this.#bar, this.#legend, this.#list);
  }

  update(head: Head): void {
    this.#updateTimeUse(timeUse(head.time_use));
    this.#updateAdvice(head.advice);
  }

  #updateTimeUse(parts: readonly TimePart[]): void {
    const label = `Where the engines' time went: ${parts.map(part => part.phrase).join(', ')}`;
    setAttribute(this.#bar, 'hidden', !parts.length);
    setAttribute(this.#bar, 'aria-label', label);
    setAttribute(this.#bar, 'title', label);
    setAttribute(this.#legend, 'hidden', !parts.length);
    syncChildren(this.#bar, parts.length, () => el('i'), (node, i) => {
      setAttribute(node, 'class', `ipar-use-${parts[i]?.use ?? ''}`);
      node.style.flexGrow = String(parts[i]?.fraction ?? 0);
    });
    syncChildren(this.#legend, parts.length, () => el('span', {}, el('i'), el('span')), (node, i) => {
      const [swatch, text] = node.children;
      if (swatch) setAttribute(swatch, 'class', `ipar-use-${parts[i]?.use ?? ''}`);
      if (text) setText(text, parts[i]?.phrase ?? '');
    });
  }

  #updateAdvice(advice: readonly Advice[]): void {
    syncChildren(
      this.#list,
      advice.length,
      () => el('p', { class: 'ipar-advice' }),
      (part, i) => {
        const given = advice[i] ?? { message: '', evidence: '' };
        const [text, evidence] = [given.message, given.evidence].map(each =>
          keepUnitsTogether(words.sentence(each))
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

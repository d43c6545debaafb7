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

/** Parts of the engines' time, without empty ones. */
export function timeUse(use: TimeUse | null) {
  if (!use || !(use.total > 0)) return [];
  return USES.map(([key, name]) => {
    const fraction = use[key] / use.total;
    return { use: key, fraction, phrase: `${name} ${formatPercent(fraction)}` };
  }).filter(part => part.fraction > 0);
}

export class AdviceView {
  readonly #bar = el('div', { class: 'ipar-use', role: 'img', hidden: true });
  /** Legend below the bar: a small part has no room for text, and a colour alone means nothing. */
  readonly #legend = el('div', { class: 'ipar-key', 'aria-hidden': 'true', hidden: true });
  readonly #list = el('div');
  readonly node = el('div', {}, this.#bar, this.#legend, this.#list);

  update({ time_use, advice }: Head): void {
    this.#updateAdvice(advice);
    const parts = timeUse(time_use);
    const label = `Where the engines' time went: ${parts.map(part => part.phrase).join(', ')}`;
    setAttribute(this.#bar, 'hidden', !parts.length);
    setAttribute(this.#bar, 'aria-label', label);
    setAttribute(this.#bar, 'title', label);
    setAttribute(this.#legend, 'hidden', !parts.length);
    syncChildren(this.#bar, parts, () => el('i'), (node, { use, fraction }) => {
      setAttribute(node, 'class', `ipar-use-${use}`);
      node.style.flexGrow = String(fraction);
    });
    syncChildren(this.#legend, parts, () => el('span', {}, el('i'), el('span')), (node, { use, phrase }) => {
      setAttribute(node.children[0]!, 'class', `ipar-use-${use}`);
      setText(node.children[1]!, phrase);
    });
  }

  #updateAdvice(advice: readonly Advice[]): void {
    syncChildren(this.#list, advice, () => el('p', { class: 'ipar-advice' }), (part, given) => {
      const text = keepUnitsTogether(words.sentence(given.message));
      const evidence = keepUnitsTogether(words.sentence(given.evidence));
      const first = /^.*?[.](?=\s|$)/.exec(text)?.[0] ?? text;
      if (part.textContent === `${text} ${evidence}`) return;
      part.replaceChildren(
        el('b', {}, first),
        `${text.slice(first.length)} `,
        el('span', { class: 'ipar-where' }, evidence)
      );
    });
  }
}

/** Probes of the theme: hidden elements whose computed colours and font the canvas uses. */

import { el } from '../ui/dom';
import { COLOURS } from './scene';
import type { Theme } from './scene';

/** Milliseconds after a change of theme until its colours apply. */
const THEME_DELAY = 300;

export class ThemeProbes {
  readonly nodes = COLOURS.map(name => el('i', { class: `ipar-probe ipar-probe-${name}` }));
  readonly #observer: MutationObserver;
  #timer = 0;

  /** `onChange` is called when the colours may have changed. */
  constructor(onChange: () => void) {
    // The style sheet gives each probe a transition, which ends after the theme has changed its colour.
    for (const node of this.nodes) node.addEventListener('transitionend', onChange);
    // JupyterLab names its theme on the body; the colours follow a little later, not always by a transition.
    this.#observer = new MutationObserver(() => {
      clearTimeout(this.#timer);
      this.#timer = window.setTimeout(onChange, THEME_DELAY);
    });
    this.#observer.observe(document.body, { attributes: true, attributeFilter: ['data-jp-theme-name', 'class'] });
  }

  get theme(): Theme {
    const colours = this.nodes.map((node, i) => [COLOURS[i], getComputedStyle(node).color]);
    const font = getComputedStyle(this.nodes[0]!).fontFamily || 'sans-serif';
    return { ...Object.fromEntries(colours), font } as Theme;
  }

  dispose(): void {
    this.#observer.disconnect();
    clearTimeout(this.#timer);
  }
}

/** Probes of the theme: hidden elements whose computed colours and font the canvas uses. */

import { el } from '../ui/dom';
import { COLOURS, type Theme } from './scene';

/** Milliseconds after a change of theme until its colours apply. */
const THEME_DELAY = 300;

export class ThemeProbes {
  readonly nodes = COLOURS.map(name => el('i', { class: `ipar-probe ipar-probe-${name}` }));

  /** `onChange` is called when the colours may have changed, until `signal` aborts. */
  constructor(signal: AbortSignal, onChange: () => void) {
    // The style sheet gives each probe a transition, which ends after the theme has changed its colour.
    for (const node of this.nodes) node.addEventListener('transitionend', onChange);
    // JupyterLab names its theme on the body; the colours follow a little later, not always by a transition.
    let timer = 0;
    const observer = new MutationObserver(() => {
      clearTimeout(timer);
      timer = window.setTimeout(onChange, THEME_DELAY);
    });
    observer.observe(document.body, { attributes: true, attributeFilter: ['data-jp-theme-name', 'class'] });
    signal.addEventListener('abort', () => {
      observer.disconnect();
      clearTimeout(timer);
    });
  }

  get theme(): Theme {
    const colours = this.nodes.map((node, i) => [COLOURS[i], getComputedStyle(node).color]);
    const font = getComputedStyle(this.nodes[0]!).fontFamily || 'sans-serif';
    return { ...Object.fromEntries(colours), font } as Theme;
  }
}

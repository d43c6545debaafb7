/** The timeline on the page: a canvas that is drawn when it is seen and something has changed. */

import { el, say, set } from '../ui/dom';
import { Lanes, extent } from './layout';
import { Sight, steer } from './pan-zoom';
import { beside, hit, nearest, sampled, told } from './marks';
import type { Mark } from './marks';
import { Painter } from './paint';
import { AXIS, COLOURS, GUTTER, plotWidth } from './scene';
import type { Scene, Theme } from './scene';
import type { ResultModel } from '../model/result';

/** Lanes beyond this height scroll. */
const TALLEST = 320;
/** The clock's picture is drawn this often at most, in milliseconds. */
const TICK = 100;
/** After a change of theme its colours are in place within so many milliseconds. */
const SETTLED = 300;
const LABEL =
  'Timeline of tasks by engine. Arrow keys go from task to task, Enter opens one, plus and minus zoom, ' +
  'shift and arrow keys move, 0 shows all.';

export class Timeline {
  readonly node: HTMLElement;
  readonly #open: (mark: Mark) => void;
  readonly #painter = new Painter();
  readonly #end = new AbortController();
  readonly #lanesNode: HTMLElement;
  readonly #spacer = el('div');
  readonly #canvas = el('canvas', { 'aria-hidden': 'true' });
  readonly #tip = el('div', { class: 'ipar-tip', hidden: true }, el('b'), el('span'));
  readonly #live = el('span', { class: 'ipar-hidden', 'aria-live': 'polite' });
  readonly #cut = el('p', { class: 'ipar-cut', hidden: true });
  readonly #probes = COLOURS.map(name => el('i', { class: `ipar-probe ipar-probe-${name}` }));
  readonly #watchers: { disconnect(): void }[] = [];
  #model: ResultModel | null = null;
  #lanes = new Lanes([]);
  #slots: unknown = null;
  readonly #sight = new Sight();
  #focus: Mark | null = null;
  #theme: Theme | null = null;
  #repaint = 0;
  #font = 'sans-serif';
  #revision = -1;
  #seen = typeof IntersectionObserver === 'undefined';
  #frame = 0;
  #timer = 0;
  #scene: Scene | null = null;

  constructor(open: (mark: Mark) => void) {
    this.#open = open;
    this.#lanesNode = el(
      'div',
      {
        class: 'ipar-lanes',
        tabindex: 0,
        role: 'application',
        'aria-label': LABEL,
        'data-lm-suppress-shortcuts': 'true'
      },
      this.#spacer
    );
    this.#spacer.append(this.#canvas);
    const tool = (shape: string, name: string, act: () => void): HTMLElement => {
      const node = el(
        'button',
        { type: 'button', class: 'ipar-tool', 'aria-label': name, title: name },
        shape
      );
      node.addEventListener('click', act);
      return node;
    };
    const tools = el(
      'div',
      { class: 'ipar-tools' },
      tool('−', 'Zoom out', () => this.#look(() => this.#sight.zoom(2))),
      tool('+', 'Zoom in', () => this.#look(() => this.#sight.zoom(0.5))),
      tool('↔', 'Show all', () => this.#look(() => this.#sight.all()))
    );
    const stage = el('div', { class: 'ipar-stage' }, this.#lanesNode, tools, this.#tip);
    this.node = el('div', { class: 'ipar-timeline' }, stage, this.#cut, this.#live, ...this.#probes);
    this.#listen();
    this.#observe();
  }

  setModel(model: ResultModel): void {
    this.#model = model;
    this.#focus = null;
    this.#sight.reset();
    this.#revision = -1;
    this.update();
  }

  /** The model has changed. */
  update(): void {
    const model = this.#model;
    if (!model) return;
    if (model.slots !== this.#slots) {
      this.#slots = model.slots;
      this.#lanes = new Lanes(model.slots);
      this.#spacer.style.height = `${this.#lanes.height + AXIS}px`;
      this.#lanesNode.style.height = `${this.#shown() + AXIS}px`;
      this.#revision = -1;
    }
    set(this.node, 'hidden', this.#lanes.count === 0);
    const cut = sampled(model);
    say(this.#cut, cut);
    set(this.#cut, 'hidden', !cut);
    this.#later();
  }

  dispose(): void {
    this.#end.abort();
    for (const watcher of this.#watchers) watcher.disconnect();
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    clearTimeout(this.#repaint);
    this.#model = null;
  }

  #shown(): number {
    return Math.min(this.#lanes.height, TALLEST);
  }

  /** Draw in the next frame, if anybody can see it. */
  #later(): void {
    if (this.#frame || !this.#seen || !this.node.isConnected || document.hidden) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw(): void {
    const model = this.#model;
    const width = this.#lanesNode.clientWidth;
    if (!model || !width || !this.#lanes.count) return;
    const now = performance.now();
    this.#sight.whole = extent(model, now, this.#sight.whole);
    this.#theme ??= this.#colours();
    const scene: Scene = {
      model,
      lanes: this.#lanes,
      span: this.#sight.part ?? this.#sight.whole,
      theme: this.#theme,
      font: this.#font,
      width,
      height: this.#shown(),
      scroll: this.#lanesNode.scrollTop,
      ratio: window.devicePixelRatio || 1,
      now,
      focus: this.#focus
    };
    const kept = this.#revision === model.columns.revision && sameView(scene, this.#scene);
    if (!kept) this.#painter.keep(scene);
    this.#revision = model.columns.revision;
    this.#scene = scene;
    this.#canvas.style.width = `${width}px`;
    this.#canvas.style.height = `${scene.height + AXIS}px`;
    this.#painter.draw(this.#canvas, scene);
    this.#tick(scene);
  }

  /** While time passes, draw again when the line of now has moved by a pixel. */
  #tick({ model, span, width, ratio }: Scene): void {
    clearTimeout(this.#timer);
    if (!model.moving) return;
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const pixel = (1000 * (span.to - span.from)) / (plotWidth(width) * ratio);
    this.#timer = window.setTimeout(() => this.#later(), calm ? 1000 : Math.max(TICK, pixel));
  }

  #colours(): Theme {
    this.#painter.forgetTheme();
    this.#font = getComputedStyle(this.node).fontFamily || 'sans-serif';
    const found = this.#probes.map((probe, i) => [COLOURS[i], getComputedStyle(probe).color]);
    return Object.fromEntries(found) as Theme;
  }

  #observe(): void {
    if (typeof IntersectionObserver === 'undefined') return;
    const take = (entries: IntersectionObserverEntry[]): void => {
      this.#seen = entries.at(-1)?.isIntersecting ?? false;
      if (this.#seen) this.#later();
    };
    // A little ahead of the scrolling, so that nobody sees it blank.
    const intersection = new IntersectionObserver(take, { rootMargin: '300px' });
    intersection.observe(this.node);
    const resize = new ResizeObserver(() => {
      this.#later();
    });
    resize.observe(this.#lanesNode);
    // Lab names its theme on the body; the colours follow within moments, and not always by a transition.
    const themed = new MutationObserver(() => {
      clearTimeout(this.#repaint);
      this.#repaint = window.setTimeout(() => this.#recolour(), SETTLED);
    });
    themed.observe(document.body, { attributes: true, attributeFilter: ['data-jp-theme-name', 'class'] });
    this.#watchers.push(intersection, resize, themed);
  }

  #listen(): void {
    const { signal } = this.#end;
    const lanes = this.#lanesNode;
    lanes.addEventListener('scroll', () => this.#later(), { signal, passive: true });
    steer(lanes, this.#sight, signal, {
      at: x => (x - this.#canvas.getBoundingClientRect().left - GUTTER) / plotWidth(lanes.clientWidth),
      under: event => this.#under(event),
      point: (mark, x) => this.#point(mark, x),
      open: mark => this.#open(mark),
      enter: () => this.#focus && this.#open(this.#focus),
      along: by => this.#along(by),
      across: by => this.#across(by),
      looked: () => this.#look()
    });
    lanes.addEventListener('focus', () => this.#choose(this.#focus), { signal });
    lanes.addEventListener('blur', () => this.#point(null), { signal });
    // A probe's transition ends whenever the theme has changed its colour.
    this.node.addEventListener('transitionend', event => this.#themed(event), { signal });
    document.addEventListener('visibilitychange', () => this.#later(), { signal });
  }

  #themed(event: TransitionEvent): void {
    if (!(event.target instanceof Element) || !event.target.classList.contains('ipar-probe')) return;
    this.#recolour();
  }

  #recolour(): void {
    this.#theme = null;
    this.#later();
  }

  /** The task under the pointer. */
  #under(event: PointerEvent | MouseEvent): Mark | null {
    const scene = this.#scene;
    if (!scene) return null;
    const box = this.#canvas.getBoundingClientRect();
    const lane = Math.floor((event.clientY - box.top + scene.scroll) / this.#lanes.pitch);
    const x = event.clientX - box.left - GUTTER;
    if (event.clientY - box.top >= scene.height || lane >= this.#lanes.count || x < -3) return null;
    const second = (scene.span.to - scene.span.from) / plotWidth(scene.width);
    return hit(scene.model, this.#lanes, lane, scene.span.from + x * second, 3 * second, performance.now());
  }

  #look(change?: () => void): void {
    change?.();
    this.#point(null);
    this.#later();
  }

  #along(by: 1 | -1): void {
    const model = this.#model;
    if (!model) return;
    const lane = this.#focus ? this.#lanes.of[this.#focus.slot]! : 0;
    this.#choose(beside(model, this.#lanes, lane, this.#focus, by) ?? this.#focus);
  }

  #across(by: 1 | -1): void {
    const model = this.#model;
    if (!model) return;
    const time = this.#focus?.start ?? 0;
    let lane = this.#focus ? this.#lanes.of[this.#focus.slot]! : by > 0 ? -1 : this.#lanes.count;
    for (lane += by; lane >= 0 && lane < this.#lanes.count; lane += by) {
      const mark = nearest(model, this.#lanes, lane, time);
      if (mark) {
        this.#choose(mark);
        return;
      }
    }
  }

  /** Put the keyboard's focus on a task, in sight and said aloud. */
  #choose(mark: Mark | null): void {
    const model = this.#model;
    this.#focus = mark;
    if (!mark || !model) return;
    const top = this.#lanes.of[mark.slot]! * this.#lanes.pitch;
    const lanes = this.#lanesNode;
    if (top < lanes.scrollTop) lanes.scrollTop = top;
    else if (top + this.#lanes.pitch > lanes.scrollTop + this.#shown())
      lanes.scrollTop = top + this.#lanes.pitch - this.#shown();
    this.#sight.include(mark.start);
    this.#point(mark);
    say(this.#live, told(mark, model, performance.now()).join(', '));
    this.#later();
  }

  /** Show the tooltip of a task, above its lane and inside the card. */
  #point(mark: Mark | null, clientX?: number): void {
    const model = this.#model;
    const { span } = this.#sight;
    set(this.#tip, 'hidden', !mark || !span);
    if (!mark || !model || !span) return;
    const [name, facts] = told(mark, model, performance.now());
    say(this.#tip.firstElementChild!, name);
    say(this.#tip.lastElementChild!, facts);
    const box = this.#lanesNode.getBoundingClientRect();
    const width = this.#lanesNode.clientWidth;
    const at = GUTTER + ((mark.start - span.from) / (span.to - span.from)) * plotWidth(width);
    const x = clientX === undefined ? at : clientX - box.left;
    const top = this.#lanes.of[mark.slot]! * this.#lanes.pitch - this.#lanesNode.scrollTop;
    const { offsetWidth, offsetHeight } = this.#tip;
    this.#tip.style.left = `${Math.max(0, Math.min(width - offsetWidth, x - offsetWidth / 2))}px`;
    this.#tip.style.top = `${top - offsetHeight - 5}px`;
  }
}

function sameView(a: Scene, b: Scene | null): boolean {
  const same = ['model', 'lanes', 'theme', 'font', 'width', 'height', 'scroll', 'ratio'] as const;
  return (
    b !== null &&
    same.every(key => a[key] === b[key]) &&
    a.span.from === b.span.from &&
    a.span.to === b.span.to
  );
}

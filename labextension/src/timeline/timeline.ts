/** Timeline of a card: a canvas that is drawn when it is in view and something has changed. */

import type { ResultModel } from '../model/result';
import * as words from '../model/words';
import { button, el, setText, setAttribute } from '../ui/dom';
import { joinFacts } from '../ui/formatting';
import { Lanes, fullSpan } from './layout';
import { neighbour, taskAt, nearestTask, sampleNote, describeTask, type Mark } from './marks';
import { Painter } from './paint';
import { VisibleSpan, addPanZoom } from './pan-zoom';
import { AXIS, GUTTER, plotWidth, xOf, type Scene, type Theme } from './scene';
import { ThemeProbes } from './theme';

/** CSS pixels: higher lanes scroll. */
const MAX_HEIGHT = 320;
/** Minimum milliseconds between two pictures of a running clock. */
const MIN_TICK = 100;
const LABEL =
  'Timeline of tasks by engine. Arrow keys go from task to task, Enter opens one, plus and minus zoom, ' +
  'shift and arrow keys move, 0 shows all.';

export class Timeline {
  readonly node: HTMLElement;
  readonly #painter = new Painter();
  readonly #listeners = new AbortController();
  readonly #canvas = el('canvas', { 'aria-hidden': 'true' });
  readonly #spacer = el('div', {}, this.#canvas);
  readonly #lanesNode = el(
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
  readonly #tooltip = el('div', { class: 'ipar-tip', hidden: true }, el('b'), el('span'));
  readonly #live = el('span', { class: 'ipar-hidden', 'aria-live': 'polite' });
  readonly #sampleNote = el('p', { class: 'ipar-cut', hidden: true });
  readonly #probes = new ThemeProbes(this.#listeners.signal, () => this.#resetTheme());
  #model: ResultModel | null = null;
  #lanes = new Lanes([]);
  readonly #view = new VisibleSpan();
  #pauses = 0;
  #focus: Mark | null = null;
  #theme: Theme | null = null;
  #inView = false;
  #frame = 0;
  #timer = 0;
  #scene: Scene | null = null;

  constructor(private readonly open: (mark: Mark) => void) {
    const tool = (shape: string, name: string, change: () => void): HTMLElement =>
      button(shape, { class: 'ipar-tool', 'aria-label': name, title: name }, () => this.#changeView(change));
    const tools = el(
      'div',
      { class: 'ipar-tools' },
      tool('−', 'Zoom out', () => this.#view.zoom(2)),
      tool('+', 'Zoom in', () => this.#view.zoom(0.5)),
      tool('↔', 'Show all', () => (this.#view.zoomed = null))
    );
    const stage = el('div', { class: 'ipar-stage' }, this.#lanesNode, tools, this.#tooltip);
    this.node = el('div', { class: 'ipar-timeline' }, stage, this.#sampleNote, this.#live, ...this.#probes.nodes);
    this.#listen();
    this.#observe();
  }

  setModel(model: ResultModel): void {
    this.#model = model;
    this.#focus = null;
    this.#view.zoomed = null;
    this.#pauses = model.head.pauses.length;
    this.update();
  }

  /** Schedule a picture of the model as it is now. */
  update(): void {
    const model = this.#model;
    if (!model) return;
    if (model.slots !== this.#lanes.slots) {
      this.#lanes = new Lanes(model.slots);
      this.#spacer.style.height = `${this.#lanes.height + AXIS}px`;
      this.#lanesNode.style.height = `${this.#visibleHeight() + AXIS}px`;
    }
    setAttribute(this.node, 'hidden', this.#lanes.count === 0);
    const note = joinFacts(words.pauses(model.head), sampleNote(model));
    setText(this.#sampleNote, note);
    setAttribute(this.#sampleNote, 'hidden', !note);
    this.#scheduleDraw();
  }

  dispose(): void {
    this.#listeners.abort();
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#model = null;
  }

  #visibleHeight(): number {
    return Math.min(this.#lanes.height, MAX_HEIGHT);
  }

  /** Draw in the next frame, if the timeline is in view. */
  #scheduleDraw(): void {
    if (this.#frame || !this.#inView || !this.node.isConnected || document.hidden) return;
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
    this.#view.full = fullSpan(model, now);
    this.#view.keepWithin();
    const { pauses } = model.head;
    if (pauses.length > this.#pauses) this.#view.moveTo(words.afterStart(pauses.at(-1)![0], model.head));
    this.#pauses = pauses.length;
    this.#theme ??= this.#probes.theme;
    const scene: Scene = {
      model,
      revision: model.columns.revision,
      lanes: this.#lanes,
      span: this.#view.span,
      theme: this.#theme,
      width,
      height: this.#visibleHeight(),
      scroll: this.#lanesNode.scrollTop,
      ratio: window.devicePixelRatio || 1,
      now,
      focus: this.#focus
    };
    if (!sameView(scene, this.#scene)) this.#painter.drawEnded(scene);
    this.#scene = scene;
    this.#canvas.style.width = `${width}px`;
    this.#canvas.style.height = `${scene.height + AXIS}px`;
    this.#painter.draw(this.#canvas, scene);
    this.#tick(scene);
  }

  /** While the clock runs, draw again when the line of now has moved by a pixel. */
  #tick({ model, span, width, ratio }: Scene): void {
    clearTimeout(this.#timer);
    if (!model.isActive) return;
    const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const pixel = (1000 * (span.to - span.from)) / (plotWidth(width) * ratio);
    this.#timer = window.setTimeout(() => this.#scheduleDraw(), reducedMotion ? 1000 : Math.max(MIN_TICK, pixel));
  }

  #observe(): void {
    const intersection = new IntersectionObserver(
      entries => {
        this.#inView = entries.at(-1)?.isIntersecting ?? false;
        this.#scheduleDraw();
      },
      { rootMargin: '300px' } // a little ahead of scrolling, so that it is never blank in view
    );
    intersection.observe(this.node);
    const resize = new ResizeObserver(() => this.#scheduleDraw());
    resize.observe(this.#lanesNode);
    this.#listeners.signal.addEventListener('abort', () => {
      intersection.disconnect();
      resize.disconnect();
    });
  }

  #listen(): void {
    const { signal } = this.#listeners;
    const lanes = this.#lanesNode;
    lanes.addEventListener('scroll', () => this.#scheduleDraw(), { signal, passive: true });
    addPanZoom(lanes, this.#view, signal, {
      placeOf: x => (x - this.#canvas.getBoundingClientRect().left - GUTTER) / plotWidth(lanes.clientWidth),
      taskUnder: event => this.#taskUnder(event),
      showTooltip: (mark, x) => this.#showTooltip(mark, x),
      open: this.open,
      openFocused: () => this.#focus && this.open(this.#focus),
      focusAlong: by => this.#focusAlong(by),
      focusAcross: by => this.#focusAcross(by),
      viewChanged: () => this.#changeView()
    });
    lanes.addEventListener('focus', () => this.#focusTask(this.#focus), { signal });
    lanes.addEventListener('blur', () => this.#showTooltip(null), { signal });
    document.addEventListener('visibilitychange', () => this.#scheduleDraw(), { signal });
  }

  #resetTheme(): void {
    this.#theme = null;
    this.#scheduleDraw();
  }

  #taskUnder(event: PointerEvent | MouseEvent): Mark | null {
    const scene = this.#scene;
    if (!scene) return null;
    const box = this.#canvas.getBoundingClientRect();
    const lane = Math.floor((event.clientY - box.top + scene.scroll) / this.#lanes.pitch);
    const x = event.clientX - box.left - GUTTER;
    if (event.clientY - box.top >= scene.height || lane >= this.#lanes.count || x < -3) return null;
    const second = (scene.span.to - scene.span.from) / plotWidth(scene.width);
    return taskAt(scene.model, this.#lanes, lane, scene.span.from + x * second, 3 * second, performance.now());
  }

  #changeView(change?: () => void): void {
    change?.();
    this.#showTooltip(null);
    this.#scheduleDraw();
  }

  #focusAlong(by: 1 | -1): void {
    const model = this.#model;
    if (!model) return;
    const lane = this.#focus ? this.#lanes.of[this.#focus.slot]! : 0;
    this.#focusTask(neighbour(model, this.#lanes, lane, this.#focus, by) ?? this.#focus);
  }

  #focusAcross(by: 1 | -1): void {
    const model = this.#model;
    if (!model) return;
    const time = this.#focus?.start ?? 0;
    let lane = this.#focus ? this.#lanes.of[this.#focus.slot]! : by > 0 ? -1 : this.#lanes.count;
    for (lane += by; lane >= 0 && lane < this.#lanes.count; lane += by) {
      const mark = nearestTask(model, this.#lanes, lane, time);
      if (mark) {
        this.#focusTask(mark);
        return;
      }
    }
  }

  /** Focus a task: scroll it into view and announce it. */
  #focusTask(mark: Mark | null): void {
    const model = this.#model;
    this.#focus = mark;
    if (!mark || !model) return;
    const top = this.#lanes.of[mark.slot]! * this.#lanes.pitch;
    const lanes = this.#lanesNode;
    if (top < lanes.scrollTop) lanes.scrollTop = top;
    else if (top + this.#lanes.pitch > lanes.scrollTop + this.#visibleHeight())
      lanes.scrollTop = top + this.#lanes.pitch - this.#visibleHeight();
    this.#view.include(mark.start);
    this.#showTooltip(mark);
    setText(this.#live, describeTask(mark, model, performance.now()).join(', '));
    this.#scheduleDraw();
  }

  /** Show the tooltip of a task, above its lane and inside the card; null hides it, as does a missing picture. */
  #showTooltip(mark: Mark | null, clientX?: number): void {
    const model = this.#model;
    setAttribute(this.#tooltip, 'hidden', !mark || !this.#scene);
    if (!mark || !model || !this.#scene) return;
    const [name, facts] = describeTask(mark, model, performance.now());
    setText(this.#tooltip.firstElementChild!, name);
    setText(this.#tooltip.lastElementChild!, facts);
    const box = this.#lanesNode.getBoundingClientRect();
    const width = this.#lanesNode.clientWidth;
    const x = clientX === undefined ? xOf({ span: this.#view.span, width }, mark.start) : clientX - box.left;
    const top = this.#lanes.of[mark.slot]! * this.#lanes.pitch - this.#lanesNode.scrollTop;
    const { offsetWidth, offsetHeight } = this.#tooltip;
    this.#tooltip.style.left = `${Math.max(0, Math.min(width - offsetWidth, x - offsetWidth / 2))}px`;
    this.#tooltip.style.top = `${top - offsetHeight - 5}px`;
  }
}

function sameView(a: Scene, b: Scene | null): boolean {
  const same = ['model', 'revision', 'lanes', 'theme', 'width', 'height', 'scroll', 'ratio'] as const;
  const sameSpan = a.span.from === b?.span.from && a.span.to === b.span.to;
  return b !== null && sameSpan && same.every(key => a[key] === b[key]);
}

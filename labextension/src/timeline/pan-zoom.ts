/** Pan and zoom of the timeline by mouse, touch and keyboard. */

import type { Span } from './layout';
import type { Mark } from './marks';

/** Smallest part of the full span that can be shown. */
const MIN_PART = 1 / 5_000;

/** The stretch of time in view: all of it, or a part after zooming. */
export class VisibleSpan {
  /** Set by each picture. */
  full: Span = { from: 0, to: 0 };
  zoomed: Span | null = null;

  get span(): Span {
    return this.zoomed ?? this.full;
  }

  /** Show `factor` times as much around a place from 0 (left) to 1 (right). */
  zoom(factor: number, at = 0.5): void {
    const { full, span } = this;
    const length = Math.max((full.to - full.from) * MIN_PART, (span.to - span.from) * factor);
    const centre = span.from + (span.to - span.from) * at;
    this.move({ from: centre - length * at, to: centre + length * (1 - at) }, 0);
  }

  /** Show a span moved by some seconds, within the full one. */
  move(span: Span, by: number): void {
    const { full } = this;
    const length = span.to - span.from;
    if (length >= full.to - full.from) {
      this.zoomed = null;
      return;
    }
    const from = Math.max(full.from, Math.min(full.to - length, span.from + by));
    this.zoomed = { from, to: from + length };
  }

  /** Move a part in view into the full span, which may have become shorter. */
  keepWithin(): void {
    if (this.zoomed) this.move(this.zoomed, 0);
  }

  /** Have a part in view begin at a time. */
  moveTo(time: number): void {
    if (this.zoomed) this.move(this.zoomed, time - this.zoomed.from);
  }

  /** Move only as far as needed to show a time. */
  include(time: number): void {
    const { zoomed } = this;
    if (zoomed && (time < zoomed.from || time > zoomed.to)) this.move(zoomed, time - (zoomed.from + zoomed.to) / 2);
  }
}

/** What the timeline does on pointer and keyboard events. */
export interface PanZoomTarget {
  /** Convert a page coordinate to a place from 0 (left) to 1 (right). */
  placeOf(clientX: number): number;
  taskUnder(event: PointerEvent): Mark | null;
  showTooltip(mark: Mark | null, clientX?: number): void;
  open(mark: Mark): void;
  openFocused(): void;
  /** Focus the next or previous task of the lane. */
  focusAlong(by: 1 | -1): void;
  /** Focus a task in the next or previous lane. */
  focusAcross(by: 1 | -1): void;
  viewChanged(): void;
}

/** Pixels that a pointer may move during a click. */
const CLICK_TOLERANCE = 4;

export function addPanZoom(node: HTMLElement, view: VisibleSpan, signal: AbortSignal, target: PanZoomTarget): void {
  const hover = (event: PointerEvent): void => {
    if (event.buttons) return;
    const mark = target.taskUnder(event);
    node.style.cursor = mark ? 'pointer' : view.zoomed ? 'grab' : '';
    target.showTooltip(mark, event.clientX);
  };
  // A press is a click, or a pan once it moves.
  const press = (event: PointerEvent): void => {
    if (event.button) return;
    const start = view.span;
    const from = event.clientX;
    let moved = false;
    const drag = new AbortController();
    const move = (next: PointerEvent): void => {
      moved ||= Math.abs(next.clientX - from) > CLICK_TOLERANCE;
      if (!moved || !view.zoomed) return;
      node.style.cursor = 'grabbing';
      view.move(start, (target.placeOf(from) - target.placeOf(next.clientX)) * (start.to - start.from));
      target.viewChanged();
    };
    const stop = (next: PointerEvent): void => {
      drag.abort();
      const mark = moved || next.type === 'pointercancel' ? null : target.taskUnder(next);
      if (mark) target.open(mark);
    };
    const until = { signal: AbortSignal.any([drag.signal, signal]) };
    window.addEventListener('pointermove', move, until);
    window.addEventListener('pointerup', stop, until);
    window.addEventListener('pointercancel', stop, until);
  };
  node.addEventListener('pointermove', hover, { signal });
  node.addEventListener('pointerleave', () => target.showTooltip(null), { signal });
  node.addEventListener('pointerdown', press, { signal });
  node.addEventListener('wheel', event => onWheel(event, view, target), { signal, passive: false });
  node.addEventListener('keydown', event => onKey(event, view, target), { signal });
}

/** Zoom with Ctrl or Cmd held, pan sideways; else the page scrolls. */
function onWheel(event: WheelEvent, view: VisibleSpan, target: PanZoomTarget): void {
  const { span } = view;
  if (event.ctrlKey || event.metaKey) {
    const at = Math.max(0, Math.min(1, target.placeOf(event.clientX)));
    view.zoom(1.2 ** Math.max(-3, Math.min(3, event.deltaY / 40)), at);
  } else if (view.zoomed && Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    const share = target.placeOf(event.deltaX) - target.placeOf(0);
    view.move(span, share * (span.to - span.from));
  } else {
    return;
  }
  event.preventDefault();
  target.viewChanged();
}

function onKey(event: KeyboardEvent, view: VisibleSpan, target: PanZoomTarget): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const changing = (change: () => void) => (): void => {
    change();
    target.viewChanged();
  };
  const { span } = view;
  const along = (by: 1 | -1): (() => void) =>
    event.shiftKey
      ? changing(() => view.move(span, (by * (span.to - span.from)) / 8))
      : () => target.focusAlong(by);
  const keys: Record<string, () => void> = {
    '+': changing(() => view.zoom(0.5)),
    '=': changing(() => view.zoom(0.5)),
    '-': changing(() => view.zoom(2)),
    '0': changing(() => (view.zoomed = null)),
    Home: changing(() => (view.zoomed = null)),
    ArrowRight: along(1),
    ArrowLeft: along(-1),
    ArrowDown: () => target.focusAcross(1),
    ArrowUp: () => target.focusAcross(-1),
    Enter: () => target.openFocused()
  };
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}

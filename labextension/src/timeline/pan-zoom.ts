/** Mouse, touch and keyboard on the timeline. */

import type { Span } from './layout';
import type { Mark } from './marks';

/** The closest look: this part of the whole. */
const CLOSEST = 1 / 5_000;

export class Sight {
  whole: Span | null = null;
  part: Span | null = null;

  get span(): Span | null {
    return this.part ?? this.whole;
  }

  reset(): void {
    this.whole = this.part = null;
  }

  all(): void {
    this.part = null;
  }

  /** See `factor` times as much, around a place from 0 (left) to 1 (right). */
  zoom(factor: number, at = 0.5): void {
    const { whole, span } = this;
    if (!whole || !span) return;
    const length = Math.max((whole.to - whole.from) * CLOSEST, (span.to - span.from) * factor);
    const centre = span.from + (span.to - span.from) * at;
    this.move({ from: centre - length * at, to: centre + length * (1 - at) }, 0);
  }

  /** Look at a stretch moved by some seconds, but not beyond the whole. */
  move(span: Span, by: number): void {
    const { whole } = this;
    if (!whole) return;
    const length = span.to - span.from;
    if (length >= whole.to - whole.from) {
      this.part = null;
      return;
    }
    const from = Math.max(whole.from, Math.min(whole.to - length, span.from + by));
    this.part = { from, to: from + length };
  }

  /** Move as far as it takes to see a time. */
  include(time: number): void {
    const { part } = this;
    if (part && (time < part.from || time > part.to)) this.move(part, time - (part.from + part.to) / 2);
  }
}

/** What the timeline does when it is steered. */
export interface Steered {
  /** The place of a page coordinate, from 0 (left) to 1 (right). */
  at(clientX: number): number;
  under(event: PointerEvent): Mark | null;
  point(mark: Mark | null, clientX?: number): void;
  open(mark: Mark): void;
  /** Open the task that has the keyboard's focus. */
  enter(): void;
  along(by: 1 | -1): void;
  across(by: 1 | -1): void;
  /** The sight has changed. */
  looked(): void;
}

/** Pixels that a pointer may stray and still click. */
const STRAY = 4;

export function steer(node: HTMLElement, sight: Sight, signal: AbortSignal, steered: Steered): void {
  const hover = (event: PointerEvent): void => {
    if (event.buttons) return;
    const mark = steered.under(event);
    node.style.cursor = mark ? 'pointer' : sight.part ? 'grab' : '';
    steered.point(mark, event.clientX);
  };
  node.addEventListener('pointermove', hover, { signal });
  node.addEventListener('pointerleave', () => steered.point(null), { signal });
  node.addEventListener('pointerdown', event => press(event, node, sight, signal, steered), { signal });
  node.addEventListener('wheel', event => wheel(event, sight, steered), { signal, passive: false });
  node.addEventListener('keydown', event => key(event, sight, steered), { signal });
}

/** A press becomes a click, or a pan once it strays. */
function press(
  event: PointerEvent,
  node: HTMLElement,
  sight: Sight,
  signal: AbortSignal,
  steered: Steered
): void {
  const start = sight.span;
  if (event.button || !start) return;
  const from = event.clientX;
  let moved = false;
  const drag = new AbortController();
  const move = (next: PointerEvent): void => {
    moved ||= Math.abs(next.clientX - from) > STRAY;
    if (!moved || !sight.part) return;
    node.style.cursor = 'grabbing';
    sight.move(start, (steered.at(from) - steered.at(next.clientX)) * (start.to - start.from));
    steered.looked();
  };
  const stop = (next: PointerEvent): void => {
    drag.abort();
    const mark = moved || next.type === 'pointercancel' ? null : steered.under(next);
    if (mark) steered.open(mark);
  };
  const until = { signal: AbortSignal.any([drag.signal, signal]) };
  window.addEventListener('pointermove', move, until);
  window.addEventListener('pointerup', stop, until);
  window.addEventListener('pointercancel', stop, until);
}

/** With a key held it zooms, sideways it pans; else the page scrolls. */
function wheel(event: WheelEvent, sight: Sight, steered: Steered): void {
  const { span } = sight;
  if (!span) return;
  if (event.ctrlKey || event.metaKey) {
    const at = Math.max(0, Math.min(1, steered.at(event.clientX)));
    sight.zoom(1.2 ** Math.max(-3, Math.min(3, event.deltaY / 40)), at);
  } else if (sight.part && Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    const share = steered.at(event.deltaX) - steered.at(0);
    sight.move(span, share * (span.to - span.from));
  } else {
    return;
  }
  event.preventDefault();
  steered.looked();
}

function key(event: KeyboardEvent, sight: Sight, steered: Steered): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const looking = (change: () => void) => (): void => {
    change();
    steered.looked();
  };
  const beside = (by: 1 | -1) => (): void => {
    const { span } = sight;
    if (!event.shiftKey || !span) {
      steered.along(by);
      return;
    }
    sight.move(span, (by * (span.to - span.from)) / 8);
    steered.looked();
  };
  const keys: Record<string, () => void> = {
    '+': looking(() => sight.zoom(0.5)),
    '=': looking(() => sight.zoom(0.5)),
    '-': looking(() => sight.zoom(2)),
    '0': looking(() => sight.all()),
    Home: looking(() => sight.all()),
    ArrowRight: beside(1),
    ArrowLeft: beside(-1),
    ArrowDown: () => steered.across(1),
    ArrowUp: () => steered.across(-1),
    Enter: () => steered.enter()
  };
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}

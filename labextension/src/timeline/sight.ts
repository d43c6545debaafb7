/** Which stretch of the timeline is looked at: all of it, or a part that zooms and moves. Pure. */

import type { Span } from './layout';

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

/** Layout of lanes and time axis. Pure. */

import { compareEngineIds, type ResultModel } from '../model/result';
import { hasRun, type TaskColumns } from '../model/task-columns';
import * as words from '../model/words';
import type { EngineId } from '../protocol/types';
import { formatElapsed } from '../ui/formatting';

/** Stretch of time, in seconds after the base. */
export interface Span {
  from: number;
  to: number;
}

/** Engines beyond this number share lanes. */
const MAX_LANES = 256;
const STEPS = [
  ...[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30],
  ...[60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 604800]
];

/** Lanes of the engines, in the order of their ids. */
export class Lanes {
  readonly count: number;
  /** Number of engines in a lane. */
  readonly shared: number;
  /** CSS pixels from lane to lane, and of the gap between two lanes. */
  readonly pitch: number;
  readonly gap: number;
  /** The lane of each slot. */
  readonly of: Int32Array;
  readonly #ids: EngineId[];

  constructor(readonly slots: readonly EngineId[]) {
    const order = slots.map((id, slot) => ({ id, slot })).sort((a, b) => compareEngineIds(a.id, b.id));
    this.#ids = order.map(engine => engine.id);
    this.shared = Math.max(1, Math.ceil(slots.length / MAX_LANES));
    this.count = Math.ceil(slots.length / this.shared);
    [this.pitch, this.gap] = pitchOf(this.count);
    this.of = new Int32Array(0x10000).fill(-1);
    order.forEach(({ slot }, i) => (this.of[slot] = Math.floor(i / this.shared)));
  }

  get height(): number {
    return this.count * this.pitch;
  }

  label(lane: number): string {
    const named = words.engines(this.#ids.slice(lane * this.shared, (lane + 1) * this.shared));
    return this.shared > 1 ? named.replace(/^engines? /, '') : named;
  }
}

function pitchOf(lanes: number): [number, number] {
  if (lanes <= 16) return [14, 3];
  if (lanes <= 32) return [10, 2];
  return lanes <= 64 ? [7, 1] : [5, 1];
}

/** Span of all tasks. While the result is active it changes in steps, so that the picture does not creep. */
export function fullSpan(model: ResultModel, now: number): Span {
  const elapsed = model.elapsed(now);
  if (model.head.finished || !model.isActive)
    return { from: 0, to: Math.max(elapsed, model.columns.end, 1e-3) * 1.01 };
  const eta = model.eta(now);
  const needed = Math.max(eta ? elapsed + eta[1] : elapsed * 1.15, 1);
  // an estimate is worth an axis that ends soon after it
  const [parts, slack] = eta ? [10, 1.35] : [4, 2];
  if (needed > model.axisEnd || model.axisEnd > slack * needed) {
    const step = tickStep(needed / parts);
    model.axisEnd = Math.ceil(needed / step) * step;
  }
  return { from: 0, to: model.axisEnd };
}

function tickStep(least: number): number {
  return STEPS.find(step => step >= least) ?? Math.ceil(least / 604800) * 604800;
}

export function ticks(span: Span, width: number): { at: number; label: string }[] {
  const length = span.to - span.from;
  const step = tickStep(length / Math.max(1, Math.floor(width / 90)));
  const found = [];
  for (let n = Math.ceil(span.from / step - 1e-9); n * step <= span.to + 1e-9 * length; n++) {
    const at = n * step;
    found.push({ at, label: tickLabel(at, step, span.to) });
  }
  return found;
}

function tickLabel(at: number, step: number, end: number): string {
  if (step < 1) {
    if (end < 1) return `${Math.round(at * 1000)} ms`;
    return `${at.toFixed(step < 0.01 ? 3 : step < 0.1 ? 2 : 1)} s`;
  }
  return end <= 120 ? `${Math.round(at)} s` : formatElapsed(Math.round(at));
}

/** Positions of the ended tasks in a span and in `rows` lanes from `top`; null where there are more than `max`. */
export function tasksWithin(
  columns: TaskColumns,
  lanes: Lanes,
  span: Span,
  top: number,
  rows: number,
  max: number
): number[] | null {
  const found: number[] = [];
  const { status, start, duration, slot } = columns;
  for (let at = 0; at < columns.length; at++) {
    const from = start[at]!;
    if (!hasRun(status[at]!) || !(from <= span.to) || from + (duration[at]! || 0) < span.from) continue;
    const lane = lanes.of[slot[at]!]! - top;
    if (lane < 0 || lane >= rows) continue;
    if (found.length === max) return null;
    found.push(at);
  }
  return found;
}

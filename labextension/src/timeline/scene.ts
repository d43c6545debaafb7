/** Scene: everything that one picture of the timeline depends on. */

import type { ResultModel } from '../model/result';
import type { Lanes, Span } from './layout';
import type { Mark } from './marks';

/** CSS pixels left of the lanes for labels, right of them, and below them for the axis. */
export const GUTTER = 76;
export const RIGHT = 10;
export const AXIS = 24;

export const COLOURS = ['fg', 'soft', 'bg', 'line', 'ok', 'bad', 'run'] as const;
export type Theme = Record<(typeof COLOURS)[number] | 'font', string>;

/** Sizes are CSS pixels. */
export interface Scene {
  model: ResultModel;
  /** Revision of the model's columns. */
  revision: number;
  lanes: Lanes;
  span: Span;
  theme: Theme;
  width: number;
  /** Visible height of the lanes, and their scroll position. */
  height: number;
  scroll: number;
  ratio: number;
  now: number;
  focus: Mark | null;
}

/** CSS pixels from the left to a time. */
export function xOf({ span, width }: Pick<Scene, 'span' | 'width'>, time: number): number {
  return GUTTER + ((time - span.from) / (span.to - span.from)) * plotWidth(width);
}

export function plotWidth(width: number): number {
  return Math.max(20, width - GUTTER - RIGHT);
}

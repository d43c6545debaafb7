/** Histogram of tasks by pixel. */

import { describe, expect, test } from 'vitest';

import { Bins } from '../../src/timeline/bins';
import { Lanes } from '../../src/timeline/layout';
import { columns } from './columns';

describe('bins', () => {
  const lanes = new Lanes([0, 1]);
  const span = { from: 0, to: 10 };

  test('count how much of a pixel was busy', () => {
    const bins = new Bins();
    bins.fill(
      columns([
        [0, 1.5, 2, 2],
        [1, 0, 10, 2]
      ]),
      lanes,
      span,
      10,
      0,
      2,
      1
    );
    expect([...bins.cover.slice(0, 5)]).toEqual([0, 0.5, 1, 0.5, 0]);
    expect([...bins.cover.slice(10, 20)]).toEqual(Array(10).fill(1));
  });

  test('keep one failure among a thousand tasks, with a minimum width', () => {
    const tasks = Array.from({ length: 1000 }, (_, i): [number, number, number, number] => {
      return [0, i / 100, 0.005, i === 500 ? 3 : 2];
    });
    const bins = new Bins();
    bins.fill(columns(tasks), lanes, span, 10, 0, 2, 2);
    expect([...bins.failed.slice(0, 10)]).toEqual([0, 0, 0, 0, 0, 1, 1, 0, 0, 0]);
  });

  test('skip tasks that are outside, of unknown engines, queued or cancelled', () => {
    const bins = new Bins();
    const outside = columns([
      [0, 11, 1, 2],
      [0, -3, 1, 2],
      [0, NaN, NaN, 2],
      [0, 1, 1, 4],
      [0xffff, 1, 1, 2],
      [0, 2, 1, 0]
    ]);
    bins.fill(outside, lanes, span, 10, 0, 2, 1);
    expect(bins.cover.every(part => part === 0) && bins.failed.every(flag => flag === 0)).toBe(true);
  });

  test('are cleared before each count', () => {
    const bins = new Bins();
    bins.fill(columns([[0, 0, 10, 3]]), lanes, span, 10, 0, 2, 1);
    bins.fill(columns([[0, 0, 1, 2]]), lanes, span, 10, 0, 2, 1);
    expect(bins.failed.every(flag => flag === 0)).toBe(true);
  });
});

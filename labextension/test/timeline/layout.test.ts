/** Lanes, time axis and tasks in view. */

import { describe, expect, test } from 'vitest';

import { Lanes, fullSpan, tasksWithin, ticks } from '../../src/timeline/layout';
import { live } from '../gallery/scenes';
import { columns } from './columns';

describe('lanes', () => {
  test('are in the order of the engine ids, not of the slots', () => {
    const lanes = new Lanes([2, 'x', 0, 10]);
    expect([0, 1, 2, 3].map(slot => lanes.of[slot])).toEqual([1, 3, 0, 2]);
    expect(lanes.label(3)).toBe('engine x');
  });

  test('become thinner, then hold several engines each', () => {
    const sizes = [8, 32, 64, 200, 1024].map(n => new Lanes(Array.from({ length: n }, (_, i) => i)));
    expect(sizes.map(lanes => [lanes.pitch, lanes.count])).toEqual([
      [14, 8],
      [10, 32],
      [7, 64],
      [5, 200],
      [5, 256]
    ]);
    expect(sizes[4]?.label(1)).toBe('4–7');
  });

  test('an unknown engine has none', () => {
    expect(new Lanes([0]).of[0xffff]).toBe(-1);
  });
});

test('tasks in view are listed unless there are too many', () => {
  const tasks = columns([
    [0, 0, 1, 2],
    [0, 5, 1, 2],
    [1, 0, 1, 2]
  ]);
  const lanes = new Lanes([0, 1]);
  expect(tasksWithin(tasks, lanes, { from: 0, to: 2 }, 0, 2, 5)).toEqual([0, 2]);
  expect(tasksWithin(tasks, lanes, { from: 0, to: 2 }, 0, 1, 5)).toEqual([0]);
  expect(tasksWithin(tasks, lanes, { from: 0, to: 9 }, 0, 2, 2)).toBeNull();
});

describe('the axis', () => {
  test('has round ticks', () => {
    expect(ticks({ from: 0, to: 60 }, 600).map(tick => tick.label)).toEqual([
      '0 s',
      '10 s',
      '20 s',
      '30 s',
      '40 s',
      '50 s',
      '60 s'
    ]);
    expect(ticks({ from: 0, to: 0.05 }, 300).map(tick => tick.label)).toEqual(['0 ms', '20 ms', '40 ms']);
    expect(ticks({ from: 0, to: 3600 }, 400).map(tick => tick.label)).toEqual([
      '0:00',
      '15:00',
      '30:00',
      '45:00',
      '1:00:00'
    ]);
  });

  test('grows in steps while the result is active', () => {
    const model = live({ tasks: 100, engines: 2, ended: 10, running: true });
    const now = performance.now();
    const first = fullSpan(model, now);
    expect(fullSpan(model, now + 500)).toEqual(first);
    expect(fullSpan(model, now + 1000 * first.to).to).toBeGreaterThan(first.to);
  });

  test('is the same in all timelines of a result, whenever they began', () => {
    const model = live({ tasks: 100, engines: 2, ended: 10, running: true });
    const now = performance.now();
    for (const [elapsed, eta] of [[8, [5, 20]], [10, [5, 8]]] as const) {
      model.apply({ id: model.id, head: { ...model.head, elapsed, eta: [...eta] } }, false, now);
      fullSpan(model, now);
    }
    const late = live({ tasks: 100, engines: 2, ended: 10, running: true });
    late.apply({ id: late.id, head: model.head }, false, now);
    expect(fullSpan(model, now)).toEqual(fullSpan(late, now));
  });

  test('ends soon after the estimated end', () => {
    const model = live({ tasks: 100, engines: 2, ended: 10, running: true });
    const now = performance.now();
    const ends = ([28, 18, 15.1, 18.4, 20.5] as const).map(end => {
      model.apply({ id: model.id, head: { ...model.head, elapsed: 10, eta: [end - 13, end - 10] } }, false, now);
      return fullSpan(model, now).to;
    });
    expect(ends).toEqual([30, 18, 18, 20, 25]);
  });

  test('ends with the last task', () => {
    const model = live({ tasks: 10, engines: 2, ended: 10 });
    expect(fullSpan(model, 0).to).toBeCloseTo(1.01 * model.columns.end, 3);
  });
});

/** Layout, histogram, view and tasks of the timeline. */

import { describe, expect, test } from 'vitest';

import { TaskColumns } from '../../src/model/task-columns';
import { Bins, HOLDS_FAILED } from '../../src/timeline/bins';
import { Lanes, fullSpan, ticks, tasksWithin } from '../../src/timeline/layout';
import { neighbour, taskAt, nearestTask, sampleNote, describeTask } from '../../src/timeline/marks';
import { VisibleSpan } from '../../src/timeline/pan-zoom';
import { live, rows } from '../gallery/scenes';

function columns(tasks: [slot: number, start: number, duration: number, status: number][]): TaskColumns {
  const made = rows(tasks.length);
  tasks.forEach(([slot, start, duration, status], i) => {
    made.slot[i] = slot;
    made.start[i] = start;
    made.duration[i] = duration;
    made.status[i] = status;
  });
  const found = new TaskColumns();
  found.write(made);
  return found;
}

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
    expect([...bins.flags.slice(0, 10)]).toEqual([0, 0, 0, 0, 0, HOLDS_FAILED, HOLDS_FAILED, 0, 0, 0]);
  });

  test('skip tasks that are outside, of unknown engines or queued', () => {
    const bins = new Bins();
    const outside = columns([
      [0, 11, 1, 2],
      [0, -3, 1, 2],
      [0, NaN, NaN, 4],
      [0xffff, 1, 1, 2],
      [0, 2, 1, 0]
    ]);
    bins.fill(outside, lanes, span, 10, 0, 2, 1);
    expect(bins.cover.every(part => part === 0) && bins.flags.every(flag => flag === 0)).toBe(true);
  });

  test('are cleared before each count', () => {
    const bins = new Bins();
    bins.fill(columns([[0, 0, 10, 3]]), lanes, span, 10, 0, 2, 1);
    bins.fill(columns([[0, 0, 1, 2]]), lanes, span, 10, 0, 2, 1);
    expect(bins.flags.every(flag => flag === 0)).toBe(true);
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
    const first = fullSpan(model, now, null);
    expect(fullSpan(model, now + 500, first)).toBe(first);
    expect(fullSpan(model, now + 1000 * first.to, first).to).toBeGreaterThan(first.to);
  });

  test('ends with the last task', () => {
    const model = live({ tasks: 10, engines: 2, ended: 10 });
    expect(fullSpan(model, 0, null).to).toBeCloseTo(1.01 * model.columns.end, 3);
  });
});

describe('the visible span', () => {
  function visibleSpan(): VisibleSpan {
    const made = new VisibleSpan();
    made.full = { from: 0, to: 100 };
    return made;
  }

  test('zooms around a place and back to all', () => {
    const made = visibleSpan();
    made.zoom(0.5, 0);
    expect(made.span).toEqual({ from: 0, to: 50 });
    made.zoom(4);
    expect(made.zoomed).toBeNull();
  });

  test('stays within the full span', () => {
    const made = visibleSpan();
    made.zoom(0.5);
    made.move({ from: 25, to: 75 }, 1000);
    expect(made.span).toEqual({ from: 50, to: 100 });
  });

  test('moves only as far as needed to show a time', () => {
    const made = visibleSpan();
    made.zoom(0.5, 0);
    made.include(20);
    expect(made.span).toEqual({ from: 0, to: 50 });
    made.include(60);
    expect(made.span).toEqual({ from: 35, to: 85 });
  });
});

describe('finding tasks', () => {
  const model = live({ tasks: 40, engines: 2, ended: 20, failed: [4], running: true });
  const lanes = new Lanes(model.slots);

  test('visits every task of a lane', () => {
    const seen: number[] = [];
    let mark = neighbour(model, lanes, 0, null, 1);
    while (mark) {
      seen.push(mark.position);
      mark = neighbour(model, lanes, 0, mark, 1);
    }
    const all = [...model.columns.slot.slice(0, 20)].filter(slot => slot === 0).length + 1;
    expect(seen).toHaveLength(all);
    expect(new Set(seen).size).toBe(all);
    expect(neighbour(model, lanes, 0, null, -1)?.status).toBe('running');
  });

  test('finds the task under the pointer, a failed one first', () => {
    const { start, duration, slot } = model.columns;
    const middle = start[4]! + duration[4]! / 2;
    expect(taskAt(model, lanes, lanes.of[slot[4]!]!, middle, 0.001, 0)?.position).toBe(4);
    expect(taskAt(model, lanes, 0, 1e6, 0.001, 0)).toBeNull();
  });

  test('finds the nearest in another lane', () => {
    const mark = nearestTask(model, lanes, 1, 0);
    expect(mark?.slot).toBe(1);
  });

  test('describes a task', () => {
    const mark = taskAt(model, lanes, lanes.of[model.columns.slot[4]!]!, model.columns.start[4]!, 0.001, 0);
    expect(mark && describeTask(mark, model, 0).join(' ')).toMatch(
      /^task 4 · engine \d ✕ failed · took .* · started at /
    );
  });
});

test('a sample has a note', () => {
  const model = live({ tasks: 200_000, engines: 2, ended: 5_000, head: { ended: 100_000 } });
  expect(sampleNote(model)).toBe('timeline shows 5,000 of 100,000 tasks');
  expect(sampleNote(live({ tasks: 20, engines: 2, ended: 5 }))).toBe('');
});

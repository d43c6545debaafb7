/** Lookup and description of tasks. */

import { describe, expect, test } from 'vitest';

import { Lanes } from '../../src/timeline/layout';
import { describeTask, nearestTask, neighbour, sampleNote, taskAt } from '../../src/timeline/marks';
import { live } from '../gallery/scenes';

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

/** The model of a result applies updates. */

import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';

import { ResultModel } from '../../src/model/result';
import type { Rows } from '../../src/protocol/columns';
import { NO_HEAD } from '../../src/protocol/figures';
import { checkSaved } from '../../src/protocol/saved';
import { live, requester, rows } from '../gallery/scenes';
import { toSaved } from './first-format';

function rowsWith(changes: [position: number, status: number][]): Rows {
  const made = rows(changes.length);
  changes.forEach(([position, status], i) => {
    made.position[i] = made.first[i] = position;
    made.status[i] = status;
    made.duration[i] = 1;
  });
  return made;
}

function started(): ResultModel {
  const model = new ResultModel('a');
  model.apply(
    { id: 'a', head: { ...NO_HEAD, state: 'running', elapsed: 10, eta: [5, 8], time: 1 } },
    true,
    1_000
  );
  return model;
}

describe('rows', () => {
  test('may arrive in any order and twice, and count once', () => {
    const model = started();
    model.apply({
      id: 'a',
      rows: rowsWith([
        [7, 2],
        [3, 3]
      ])
    });
    model.apply({ id: 'a', rows: rowsWith([[7, 2]]) });
    expect(model.columns.rowCount).toBe(2);
    expect([model.columns.status[7], model.columns.status[3], model.columns.status[5]]).toEqual([2, 3, 0]);
  });

  test('a queued row clears an earlier one', () => {
    const model = started();
    model.apply({
      id: 'a',
      rows: rowsWith([
        [7, 3],
        [8, 2]
      ])
    });
    model.apply({ id: 'a', rows: rowsWith([[7, 0]]) });
    expect(model.columns.rowCount).toBe(1);
    expect(model.columns.status[7]).toBe(0);
  });

  test('a row that was cleared during a gap is dropped once the others were sent again', () => {
    const model = started();
    model.apply({
      id: 'a',
      rows: rowsWith([
        [0, 2],
        [1, 3]
      ])
    });
    model.apply({ id: 'a', head: { ...NO_HEAD, ended: 1 } }, true);
    expect(model.columns.rowCount).toBe(2);
    model.apply({ id: 'a', rows: rowsWith([[0, 2]]) });
    expect(model.columns.rowCount).toBe(1);
    expect(model.columns.status[1]).toBe(0);
  });

  test('an absurd position is ignored', () => {
    const model = started();
    model.apply({
      id: 'a',
      rows: rowsWith([
        [4_000_000_000, 2],
        [1, 2]
      ])
    });
    expect(model.columns.rowCount).toBe(1);
    expect(model.columns.status.length).toBeLessThan(1_000);
  });
});

describe('the clock', () => {
  test('runs between updates while a live result is active', () => {
    const model = started();
    expect(model.elapsed(3_500)).toBeCloseTo(12.5);
    expect(model.eta(3_500)).toEqual([2.5, 5.5]);
    expect(model.eta(60_000)).toEqual([0, 0]);
  });

  test.each(['static', 'disconnected', 'unloaded'] as const)('stops when %s', connection => {
    const model = started();
    model.connection = connection;
    expect(model.elapsed(60_000)).toBe(10);
    expect(model.eta(60_000)).toEqual([5, 8]);
  });

  test.each([{ finished: true }, { state: 'lost' as const }, { state: 'frozen' as const }])(
    'stops where %j',
    head => {
      const model = started();
      model.apply({ id: 'a', head }, false, 1_000);
      expect(model.elapsed(60_000)).toBe(10);
    }
  );
});

test('a delta changes only what it names', () => {
  const model = started();
  model.apply({ id: 'a', head: { done: 3 } });
  expect([model.head.done, model.head.elapsed]).toEqual([3, 10]);
});

test('every change emits one signal', () => {
  const model = started();
  const changed = vi.fn();
  model.changed.connect(changed);
  model.apply({ id: 'a', head: { done: 3 } });
  model.connection = 'disconnected';
  model.connection = 'disconnected';
  expect(changed).toHaveBeenCalledTimes(2);
});

test('the texts of a failure group stay when only its count arrives', () => {
  const model = started();
  const texts = { type: 'E', message: 'm', where: 'f, line 1', traceback: 't' };
  const details = { indices: [4], first_time: 9, last_time: 9, input: [4, "'x'"] as [number, string] };
  model.apply({ id: 'a', failures: [{ n: 0, count: 1, engines: [0], first: 4, ...texts, ...details }] });
  model.apply({ id: 'a', failures: [{ n: 0, count: 5, engines: [0, 1], first: 4, last_time: 12 }] });
  expect(model.failures).toEqual([
    { n: 0, count: 5, engines: [0, 1], first: 4, ...texts, ...details, last_time: 12, messages_differ: false }
  ]);
});

test('groups that are not in a full state are removed', () => {
  const model = live({ tasks: 10, engines: 2, ended: 5, failed: [1] });
  expect(model.failures).toHaveLength(1);
  model.apply({ id: model.id, head: NO_HEAD }, true);
  expect(model.failures).toEqual([]);
});

test('an engine shows its youngest task and its running time', () => {
  const model = started();
  model.apply({
    id: 'a',
    engines: { from: 0, ids: [1, 0] },
    running: {
      position: Uint32Array.of(4, 5),
      first: Uint32Array.of(4, 5),
      since: Float32Array.of(7, 9),
      slot: Uint16Array.of(0, 0)
    }
  });
  expect(model.engines.map(load => [load.engine_id, load.running])).toEqual([
    [0, null],
    [1, [5, 1]]
  ]);
});

test('no action is possible without a kernel', () => {
  const model = started();
  model.apply({ id: 'a', head: { actions: ['cancel'] } });
  expect(model.actions).toEqual([]);
  model.request = requester();
  expect(model.actions).toEqual(['cancel']);
  model.connection = 'disconnected';
  expect(model.actions).toEqual([]);
});

test('an action of a later version is not offered', () => {
  const model = started();
  model.request = requester();
  model.apply({ id: 'a', head: { actions: ['cancel', 'teleport'] } });
  expect(model.actions).toEqual(['cancel']);
});

describe('a saved result', () => {
  test('is read from the golden snapshot', () => {
    const golden = (name: string): object => JSON.parse(readFileSync(`../tests/data/${name}.json`, 'utf8')) as object;
    const checked = checkSaved({ ...golden('mime'), ...golden('snapshot') });
    if (!checked.ok) throw new Error(checked.error);
    const model = ResultModel.fromSaved(checked.value);
    expect(model.connection).toBe('static');
    expect([model.head.ok, model.head.failed, model.engines.length]).toEqual([1, 1, 2]);
    expect(model.failures[0]?.first).toBe(1);
    expect([...model.running.first]).toEqual([3]);
    expect(model.running.since[0]).toBeCloseTo(11);
  });

  test('of the first format passes the check, has the same facts and is small', () => {
    const model = live({ tasks: 100_000, engines: 64, ended: 100_000, failed: [4, 5, 6, 7, 8] });
    const text = JSON.stringify(toSaved(model));
    expect(text.length).toBeLessThan(120_000);
    const checked = checkSaved(JSON.parse(text));
    if (!checked.ok) throw new Error(checked.error);
    const again = ResultModel.fromSaved(checked.value);
    expect(again.head.ended).toBe(100_000);
    expect(again.columns.rowCount).toBeLessThanOrEqual(1_500);
    expect(again.columns.end).toBeCloseTo(model.columns.end, -1);
    expect([4, 5, 6, 7, 8].map(at => again.columns.status[at])).toEqual([3, 3, 3, 3, 3]);
    expect(again.failures.map(group => group.count)).toEqual(model.failures.map(group => group.count));
  });
});

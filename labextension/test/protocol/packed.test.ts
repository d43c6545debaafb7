/** Second format of saved results. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { numbers, steps, unpackSaved } from '../../src/protocol/packed';
import { UNREADABLE, checkSaved } from '../../src/protocol/saved';
import { NONSENSE } from './nonsense';

const golden = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(`../tests/data/${name}.json`, 'utf8')) as Record<string, unknown>;
const packed = golden('saved');
const table = (name: string, columns: object): object => ({
  ...packed,
  [name]: { ...(packed[name] as object), ...columns }
});

/** What is read, with times in milliseconds and ratios in six digits; the first format may lack two columns. */
function facts(json: unknown): unknown {
  const checked = checkSaved(json);
  if (!checked.ok) throw new Error(checked.error);
  const { version: _, ...others } = checked.value;
  return JSON.parse(JSON.stringify(others), (key, value: unknown) => {
    if (value === null && (key === 'died' || key === 'joined')) return key === 'died' ? false : 0;
    if (typeof value !== 'number') return value;
    return /speedup|efficiency|throughput/.test(key) ? Number(value.toPrecision(6)) : Number(value.toFixed(3));
  });
}

describe('a column', () => {
  test('repeats a number, and holds unknown ones', () => {
    expect(numbers('0 1*3 ? -2*2', '')).toEqual([0, 1, 1, 1, null, -2, -2]);
    expect(numbers('', '')).toEqual([]);
  });

  test('of steps goes on after an unknown number', () => {
    expect(steps('5 ? 2 0 -4', '')).toEqual([5, null, 7, 7, 3]);
  });

  test.each(['1*1000000', '1*99999 1*99999', 'x', '1  2', '1.5', '1*', '1*-2', '1e3', '99999999999999999'])(
    'of %s is refused',
    text => {
      expect(() => numbers(text, 'it')).toThrow('it is no column');
    }
  );
});

describe('a saved result of the second format', () => {
  test('has the same facts as in the first', () => {
    expect(facts(packed)).toEqual(facts(golden('mime')));
  });

  test('of one running task has its engine and its time', () => {
    const running = {
      ...{ type: 'snapshot', version: 2, id: 'a', name: 'f', finished: false, state: 'running', single: true },
      ...{ total: 1, done: 0, ok: 0, running: 1, elapsed: 2.5, time: 9 },
      engines: { engine_id: ['e'], running: [[0, 2.4]] },
      tasks: { index: '0', msg_id: 'm\t', engine_id: ['e'], input: ['(3,)'] },
      timeline: { base: 1 }
    };
    const checked = checkSaved(running);
    if (!checked.ok) throw new Error(checked.error);
    expect(checked.value).toMatchObject({ messages: 1, queued: 0, wall_time: null, elapsed: 2.5 });
    expect(checked.value.engines[0]).toMatchObject({ engine_id: 'e', running: [0, 2.4], alive: true, left: null });
    expect(checked.value.tasks).toEqual([{ index: 0, msg_id: 'm', engine_id: 'e', input: '(3,)' }]);
  });

  test('keeps who died, and the rows of a sample', () => {
    const checked = checkSaved({
      ...table('engines', { alive: '0*2', died: '1 0', joined: '0 1500', left: '900 2000' }),
      timeline: { ...(packed.timeline as object), of: 60, first: '0 10*11', inputs: '10*12', engines: [4, 'x'] }
    });
    if (!checked.ok) throw new Error(checked.error);
    const { engines, timeline } = checked.value;
    expect(engines.map(({ alive, died, joined, left }) => [alive, died, joined, left])).toEqual([
      [false, true, 0, 0.9],
      [false, false, 1.5, 2]
    ]);
    expect([timeline.of, timeline.first[11], timeline.inputs[3], timeline.engines]).toEqual([60, 110, 10, [4, 'x']]);
  });

  test('with columns of different lengths is unreadable', () => {
    const short = { timeline: { slot: '0' }, engines: { busy_time: '1' }, tasks: { msg_id: 'm\t' } };
    for (const [name, columns] of Object.entries(short)) {
      expect(checkSaved(table(name, columns))).toEqual({ ok: false, error: UNREADABLE });
    }
  });

  test.each(Object.keys(packed))('with %s of a wrong type never throws', key => {
    for (const value of NONSENSE) expect(checkSaved({ ...packed, [key]: value })).toHaveProperty('ok');
  });

  test.each(['engines', 'tasks', 'outputs', 'timeline'])('with wrong columns of %s never throws', name => {
    for (const column of Object.keys(packed[name] as object))
      for (const value of NONSENSE) expect(checkSaved(table(name, { [column]: value }))).toHaveProperty('ok');
  });

  test('becomes the first format', () => {
    expect(unpackSaved(packed).version).toBe(1);
  });
});

/** Check of comm messages. */

import { describe, expect, test } from 'vitest';

import { checkMessage } from '../../src/protocol/messages';
import type { CommMessage, UpdateMessage } from '../../src/protocol/messages';
import { NONSENSE } from './nonsense';

const numbered = { protocol: 1, session: 's', seq: 1 };
const update = (result: object): ReturnType<typeof checkMessage> =>
  checkMessage({ ...numbered, type: 'update', full: false, results: [{ id: 'r', ...result }] });

function only(message: ReturnType<typeof checkMessage>): UpdateMessage['results'][number] {
  if (!message.ok) throw new Error(message.error);
  const [result] = (message.value as CommMessage & { type: 'update' }).results;
  if (!result) throw new Error('no result');
  return result;
}

/** Encode columns as the kernel does. */
function encoded(...columns: (Uint32Array | Float32Array | Uint16Array | Uint8Array)[]): string {
  return Buffer.concat(columns.map(({ buffer }) => new Uint8Array(buffer))).toString('base64');
}

describe('a comm message', () => {
  test.each(NONSENSE.map(value => [String(value), value]))('%s is an error, not an exception', (_, value) => {
    expect(checkMessage(value).ok).toBe(false);
    expect(checkMessage({ ...numbered, type: value }).ok).toBe(false);
    for (const key of ['session', 'seq', 'full', 'results']) {
      const whole = { ...numbered, type: 'update', full: false, results: [] };
      if (key === 'results' && Array.isArray(value) && !value.length) continue;
      if (key === 'full' && value === true) continue;
      if (key === 'seq' && value === 0) continue;
      if (key === 'session' && value === 'text') continue;
      expect(checkMessage({ ...whole, [key]: value }).ok).toBe(false);
    }
  });

  test('may have any part of the head, and each field is checked', () => {
    expect(only(update({ head: { done: 3, state: 'running' } })).head).toEqual({ done: 3, state: 'running' });
    for (const head of [{ done: '3' }, { done: -1 }, { state: 'odd' }, { eta: [1] }, { where: {} }, 'text']) {
      expect(update({ head }).ok).toBe(false);
    }
  });

  test('has rows in columns', () => {
    const data = encoded(
      Uint32Array.of(4, 9),
      Float32Array.of(0.5, NaN),
      Float32Array.of(1.5, NaN),
      Uint16Array.of(3, 0xffff),
      Uint8Array.of(2, 1)
    );
    const { rows } = only(update({ rows: data }));
    expect([...(rows?.position ?? [])]).toEqual([4, 9]);
    expect([...(rows?.first ?? [])]).toEqual([4, 9]);
    expect([...(rows?.inputs ?? [])]).toEqual([1, 1]);
    expect([...(rows?.start ?? [])]).toEqual([0.5, NaN]);
    expect([...(rows?.slot ?? [])]).toEqual([3, 0xffff]);
    expect([...(rows?.status ?? [])]).toEqual([2, 1]);
  });

  test('has the inputs of chunked rows', () => {
    const data = encoded(
      Uint32Array.of(1),
      Float32Array.of(0),
      Float32Array.of(1),
      Uint32Array.of(100),
      Uint32Array.of(50),
      Uint16Array.of(0),
      Uint8Array.of(2)
    );
    const rows = only(update({ chunked_rows: data })).chunked_rows;
    expect([rows?.first[0], rows?.inputs[0], rows?.status[0]]).toEqual([100, 50, 2]);
  });

  test('has columns of engine loads and running tasks', () => {
    const [u32, f32, u16] = [Uint32Array, Float32Array, Uint16Array];
    const loads = encoded(u32.of(7), u32.of(1), f32.of(2.5, 0, Infinity), u16.of(0), Uint8Array.of(1));
    const running = encoded(u32.of(8), u32.of(8), f32.of(3), u16.of(0));
    const result = only(update({ loads, running }));
    expect([result.loads?.done[0], result.loads?.busy[0], result.loads?.presence[0]]).toEqual([7, 2.5, 1]);
    expect([result.running?.position[0], result.running?.since[0]]).toEqual([8, 3]);
  });

  test('may have no running tasks', () => {
    expect(only(update({ running: '' })).running?.position).toHaveLength(0);
  });

  test.each([
    ['of part of a row', encoded(new Uint8Array(14))],
    ['of a row and a half', encoded(new Uint8Array(22))],
    ['that are no base64', 'nonsense!'],
    ['that are no text', { buffer: 0, count: 1 }]
  ])('columns %s are an error', (_, rows) => {
    expect(update({ rows }).ok).toBe(false);
  });
});

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { checkMessage } from '../../src/protocol/messages';
import { checkReply } from '../../src/protocol/replies';
import type { Request } from '../../src/protocol/replies';
import { checkSaved } from '../../src/protocol/saved';
import { MIME_TYPE } from '../../src/protocol/types';
import { CASES, SLOW, randomColumns, randomNumbers, cpuTime, broken } from '../broken';
import { reply } from '../gallery/scenes';

/** A saved result in each format. */
const golden = ['mime', 'saved'].map(name => readFileSync(`../tests/data/${name}.json`, 'utf8'));

test(`${CASES} broken saved results are read or refused, and none is slow`, { timeout: 540_000 }, () => {
  const random = randomNumbers(6);
  let refused = 0;
  const slow: number[] = [];
  for (let i = 0; i < CASES; i++) {
    const json = broken(golden[i % 2]!, random);
    const before = process.cpuUsage();
    const read = checkSaved(json);
    const took = cpuTime(before);
    if (took > SLOW) slow.push(i);
    if (!read.ok) {
      refused++;
      expect(read.error).toMatch(/^This result/);
    }
  }
  console.log(`saved MIME JSON: ${CASES} cases, ${refused} refused, ${slow.length} slow`);
  expect(refused).toBeGreaterThan(CASES / 10);
  expect(slow).toEqual([]);
  expect(({} as Record<string, unknown>).hacked).toBeUndefined();
});

test(`${CASES} broken comm messages are read or refused, and none is slow`, { timeout: 540_000 }, () => {
  const random = randomNumbers(7);
  const good = (rows: string, running: string): string =>
    JSON.stringify({
      protocol: 1,
      session: 's',
      seq: 1,
      type: 'update',
      full: false,
      gone: ['x'],
      results: [
        {
          id: 'r',
          head: { name: 'f', total: 9, done: 3, state: 'running', eta: [1, 2], actions: ['cancel'] },
          engines: { from: 0, ids: [0, 1] },
          rows,
          running
        }
      ]
    });
  expect(checkMessage(JSON.parse(good('', ''))).ok).toBe(true);
  let refused = 0;
  const slow: number[] = [];
  for (let i = 0; i < CASES; i++) {
    const message = broken(good(randomColumns(30, random), randomColumns(14, random)), random);
    const before = process.cpuUsage();
    const read = checkMessage(message);
    const took = cpuTime(before);
    if (took > SLOW) slow.push(i);
    if (!read.ok) refused++;
  }
  expect(refused).toBeLessThan(CASES);
  console.log(`messages of a kernel: ${CASES} cases, ${refused} refused, ${slow.length} slow`);
  expect(refused).toBeGreaterThan(CASES / 10);
  expect(slow).toEqual([]);
});

test(`${CASES} broken replies are read or refused, and none is slow`, { timeout: 540_000 }, () => {
  const random = randomNumbers(8);
  const request = 'asked';
  const kept = { [MIME_TYPE]: JSON.parse(golden[1]!) as unknown, 'text/html': '<pre>kept</pre>', 'text/plain': 'kept' };
  const outputs = [{ index: 1, engine_id: 0, stdout: 'step', stderr: '', omitted: 0, rich: 0 }];
  const answers: Partial<Record<Request['type'], object>> = {
    hello: { comm_id: 'c', session: 's', version: '1', seq: 1 },
    task: { task: reply(3) },
    traceback: { traceback: 'ValueError' },
    outputs: { outputs, total: 1 },
    bundle: { data: kept },
    cancel: { status: 'error', error: { code: 'failed', message: 'Too many actions wait.' } }
  };
  const good = Object.entries(answers).map(([type, content]): [Request['type'], string] => [
    type as Request['type'],
    JSON.stringify({ protocol: 1, request, status: 'ok', ...content })
  ]);
  for (const [type, text] of good) {
    expect(checkReply(type, request, JSON.parse(text)).ok).toBe(type !== 'cancel');
  }
  let refused = 0;
  const slow: number[] = [];
  for (let i = 0; i < CASES; i++) {
    const [type, text] = good[i % good.length]!;
    const content = broken(text, random);
    const before = process.cpuUsage();
    const read = checkReply(type, request, content);
    const took = cpuTime(before);
    if (took > SLOW) slow.push(i);
    if (!read.ok) {
      refused++;
      expect(read.error).not.toBe('');
    }
  }
  console.log(`answers of a kernel: ${CASES} cases, ${refused} refused, ${slow.length} slow`);
  expect(refused).toBeGreaterThan(CASES / 10);
  expect(refused).toBeLessThan(CASES);
  expect(slow).toEqual([]);
});

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { checkSaved } from '../src/check-saved';
import { checkMessage } from '../src/messages';

const golden = readFileSync('../tests/data/mime.json', 'utf8');
const CASES = Number(process.env.FUZZ_CASES ?? 1_500);
const SLOW = 100;

/** Numbers from 0 to 1, the same for the same seed. */
function chances(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const VALUES: unknown[] = [
  null, true, -1, 0, 2 ** 31, 2 ** 53, NaN, Infinity, -0, 1e308, '', 'x'.repeat(10_000), '\u0000', '\ud800',
  '<script>hacked()</script>', '__proto__', 'constructor', [], [[]], {}, { length: 1e9 }, new Array(3_000).fill(0)
];
const TOKENS = ['"', '{', '}', '[', ']', ',', ':', '\\', 'null', '1e999', '9'.repeat(400), '[['.repeat(500), '\u0000'];

/** One of the places in a structure: its holder and key. */
function places(data: unknown): [Record<string, unknown>, string][] {
  const found: [Record<string, unknown>, string][] = [];
  const waiting = [data];
  while (waiting.length && found.length < 1_000) {
    const holder = waiting.pop();
    if (typeof holder !== 'object' || holder === null) continue;
    for (const key of Object.keys(holder).slice(0, 60)) {
      found.push([holder as Record<string, unknown>, key]);
      waiting.push((holder as Record<string, unknown>)[key]);
    }
  }
  return found;
}

/** A broken variant of a message: values replaced or removed, or its text changed where that is JSON still. */
function variant(text: string, chance: () => number): unknown {
  if (chance() < 0.4) {
    const at = Math.floor(chance() * text.length);
    const cut = Math.floor(chance() * 6);
    const token = TOKENS[Math.floor(chance() * TOKENS.length)] ?? '';
    const changed = text.slice(0, at) + (chance() < 0.5 ? token : '') + text.slice(at + cut);
    try {
      return JSON.parse(changed);
    } catch {
      return changed;
    }
  }
  const data: unknown = JSON.parse(text);
  const all = places(data);
  for (let i = 0; i <= chance() * 4; i++) {
    const [holder, key] = all[Math.floor(chance() * all.length)] ?? [{}, ''];
    if (chance() < 0.2) Reflect.deleteProperty(holder, key);
    else holder[key] = VALUES[Math.floor(chance() * VALUES.length)];
  }
  return data;
}

/** Milliseconds of this process's own time: a busy machine makes no case slow. */
const spent = (since: NodeJS.CpuUsage): number => process.cpuUsage(since).user / 1000;

test(`${CASES} broken outputs of a saved notebook are read or refused, and none is slow`, { timeout: 540_000 }, () => {
  const chance = chances(6);
  let refused = 0;
  const slow: number[] = [];
  for (let i = 0; i < CASES; i++) {
    const json = variant(golden, chance);
    const before = process.cpuUsage();
    const read = checkSaved(json);
    const took = spent(before);
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

test(`${CASES} broken messages of a kernel are read or refused, and none is slow`, { timeout: 540_000 }, () => {
  const chance = chances(7);
  const good = JSON.stringify({
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
        rows: { buffer: 0, count: 2 },
        running: { buffer: 1, count: 1 }
      }
    ]
  });
  const sizes = [30, 14]; // bytes of two rows, and of one running task
  expect(checkMessage(JSON.parse(good), sizes.map(size => new ArrayBuffer(size))).ok).toBe(true);
  let refused = 0;
  const slow: number[] = [];
  for (let i = 0; i < CASES; i++) {
    const message = variant(good, chance);
    const buffers = sizes.map(size => new ArrayBuffer(chance() < 0.2 ? Math.floor(chance() * 64) : size));
    const before = process.cpuUsage();
    const read = checkMessage(message, buffers);
    const took = spent(before);
    if (took > SLOW) slow.push(i);
    if (!read.ok) refused++;
  }
  expect(refused).toBeLessThan(CASES);
  console.log(`messages of a kernel: ${CASES} cases, ${refused} refused, ${slow.length} slow`);
  expect(refused).toBeGreaterThan(CASES / 10);
  expect(slow).toEqual([]);
});

/** Broken results that pass the check are drawn; broken messages that do not pass it change nothing. */

import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Card } from '../../src/card/card';
import { KernelLink } from '../../src/kernel/kernel-link';
import { ResultModel } from '../../src/model/result';
import { checkMessage } from '../../src/protocol/messages';
import { checkSaved } from '../../src/protocol/saved';
import { CASES, SLOW, randomColumns, randomNumbers, cpuTime, broken } from '../broken';
import { FakeKernel } from '../kernel/fake-kernel';
import { toSaved } from '../model/first-format';

/** A saved result in each format. */
const golden = ['mime', 'saved'].map(name => readFileSync(`../tests/data/${name}.json`, 'utf8'));
const DRAWN = Math.ceil(CASES / 60); // drawing takes a hundred times as long as reading
const AT_A_LINK = Math.ceil(CASES / 3);
/** Milliseconds for a card with every fold open: jsdom draws about ten times slower than a browser. */
const SLOW_CARD = 10 * SLOW;
const FOLDS = ['Timeline', 'Engines', 'Tasks', 'Output'];

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

/** Draw a result with every fold open, and save it; returns milliseconds. */
function draw(model: ResultModel): number {
  const before = process.cpuUsage();
  const card = new Card({ settings: { timelineOpen: true } });
  document.body.append(card.node);
  try {
    card.setModel(model);
    for (const fold of card.node.querySelectorAll<HTMLButtonElement>('.ipar-fold[aria-expanded=false]')) {
      if (FOLDS.some(name => fold.textContent.startsWith(name))) fold.click();
    }
    expect(card.node.querySelectorAll('[role=progressbar]')).toHaveLength(1);
    expect(checkSaved(JSON.parse(JSON.stringify(toSaved(model))))).toMatchObject({ ok: true });
    return cpuTime(before);
  } finally {
    card.dispose();
    card.node.remove();
  }
}

test(`${DRAWN} broken saved results that pass the check are drawn`, { timeout: 540_000 }, () => {
  const random = randomNumbers(16);
  const slow: number[] = [];
  const wrong: string[] = [];
  let drawn = 0;
  for (let i = 0; drawn < DRAWN; i++) {
    const read = checkSaved(broken(golden[i % 2]!, random));
    if (!read.ok) continue;
    drawn++;
    try {
      if (draw(ResultModel.fromSaved(read.value)) > SLOW_CARD) slow.push(i);
    } catch (error) {
      wrong.push(`case ${i}: ${String(error)}`);
    }
  }
  console.log(`saved MIME JSON, drawn: ${drawn} cases, ${wrong.length} wrong, ${slow.length} slow`);
  expect(wrong).toEqual([]);
  expect(slow).toEqual([]);
});

/** The state of all results of a link. */
function state(link: KernelLink): string {
  const known = [...link.results.models.values()].map(({ id, head, running, failures, slots, engines, columns }) => {
    const { position, since } = running;
    return [id, head, [...position], [...since], failures, slots, engines, columns.revision, columns.rowCount];
  });
  return JSON.stringify(known);
}

test(`${AT_A_LINK} broken messages change no result, or are drawn`, { timeout: 540_000 }, async () => {
  const random = randomNumbers(17);
  const kernel = new FakeKernel();
  const link = new KernelLink({ client: 'tab', rate: 5 });
  link.connect(kernel.connection);
  await kernel.replyToHello();
  const good = (rows: string, running: string): string =>
    JSON.stringify({
      type: 'update',
      full: false,
      gone: [],
      results: [
        {
          id: 'r',
          head: { name: 'f', total: 9, done: 3, ok: 3, messages: 9, state: 'running', eta: [1, 2], ended: 3 },
          engines: { from: 0, ids: [0, 'one'] },
          failures: [{ n: 0, count: 1, engines: [0], first: 2, type: 'E', message: 'm', where: '', traceback: 't' }],
          rows,
          running
        }
      ]
    });
  const slow: number[] = [];
  const wrong: string[] = [];
  let [refused, drawn] = [0, 0];
  for (let i = 0; i < AT_A_LINK; i++) {
    if (i % 10 === 0) kernel.sendFullState('r');
    const before = state(link);
    const message = broken(good(randomColumns(30, random), randomColumns(14, random)), random) as object;
    try {
      const began = process.cpuUsage();
      kernel.send(message);
      if (cpuTime(began) > SLOW) slow.push(i);
      const told = { protocol: 1, session: kernel.session, seq: kernel.seq, ...message };
      if (!checkMessage(told).ok) {
        refused++;
        expect(state(link)).toBe(before);
      } else if (drawn < DRAWN) {
        for (const model of [...link.results.models.values()].slice(0, 2)) {
          drawn++;
          if (draw(model) > SLOW_CARD) slow.push(i);
        }
      }
    } catch (error) {
      wrong.push(`case ${i}: ${String(error)}`);
    }
  }
  const facts = `${refused} refused, ${drawn} drawn, ${wrong.length} wrong, ${slow.length} slow`;
  console.log(`messages at a link: ${AT_A_LINK} cases, ${facts}`);
  expect(wrong).toEqual([]);
  expect(slow).toEqual([]);
  expect(refused).toBeGreaterThan(AT_A_LINK / 10);
  expect(drawn).toBeGreaterThanOrEqual(DRAWN);
  kernel.sendFullState('r');
  kernel.sendDelta('r', { name: 'sound', total: 9, done: 4 });
  expect(link.results.models.get('r')?.head).toMatchObject({ name: 'sound', done: 4 });
  link.dispose();
});

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { KernelLink } from '../../src/kernel/kernel-link';
import { REQUEST_TIMEOUT } from '../../src/kernel/request';
import { PROMPT_REPLY } from '../../src/kernel/second-connection';
import type { OpenedConnection } from '../../src/kernel/second-connection';
import { NO_ANSWER } from '../../src/model/words';
import { FakeKernel, settled } from './fake-kernel';

let kernel: FakeKernel;
let link: KernelLink;

beforeEach(() => {
  vi.useFakeTimers();
  kernel = new FakeKernel();
  link = new KernelLink({ id: 'k', client: 'tab', rate: 5 });
  link.connect(kernel.connection);
});

afterEach(() => {
  link.dispose();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const ids = (): string[] => [...link.results].map(model => model.id);

/** A link that has the full state of these results. */
async function linked(...results: string[]): Promise<void> {
  await kernel.hello();
  kernel.full(...results);
}

describe('the greeting', () => {
  test('says hello once over control, with what the page wants', () => {
    expect(kernel.asked).toMatchObject([{ type: 'hello', client: 'tab', rate: 5, protocol: 1 }]);
  });

  test('waits for a connection', () => {
    const other = new FakeKernel();
    other.connectionStatus = 'connecting';
    link.connect(other.connection);
    expect(other.asked).toHaveLength(0);
    other.connects('connected');
    expect(other.of('hello')).toHaveLength(1);
  });

  test('a kernel without the package is left alone, and said to be silent', async () => {
    const silent = vi.fn();
    link.unanswered.connect(silent);
    await vi.advanceTimersByTimeAsync(10 * REQUEST_TIMEOUT);
    expect(silent).toHaveBeenCalledOnce();
    expect(kernel.asked).toHaveLength(1);
    expect(kernel.open).toBe(0);
  });

  test('loading the package later makes the link say hello again', () => {
    kernel.opens('first');
    expect(kernel.of('hello')).toHaveLength(2);
  });

  test('asks for the full state where hello does not bring it, and then once more', async () => {
    await kernel.hello();
    expect(kernel.of('snapshot')).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(REQUEST_TIMEOUT);
    expect(kernel.of('snapshot')).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(10 * REQUEST_TIMEOUT);
    expect(kernel.of('snapshot')).toHaveLength(1);
  });
});

describe('a connection that holds messages back', () => {
  let beside: FakeKernel[];
  let disposed: number;

  beforeEach(() => {
    link.dispose();
    [beside, disposed] = [[], 0];
    const openSecond = (): OpenedConnection => {
      const other = new FakeKernel();
      other.connectionStatus = 'connecting';
      beside.push(other);
      return Object.assign(other, { dispose: () => disposed++ }) as unknown as OpenedConnection;
    };
    link = new KernelLink({ id: 'k', client: 'tab', rate: 5, openSecond });
    link.connect(kernel.connection);
  });

  /** The kernel tells, and does not answer. */
  async function heldBack(): Promise<FakeKernel> {
    kernel.delta('a');
    await vi.advanceTimersByTimeAsync(PROMPT_REPLY);
    expect(beside).toHaveLength(1);
    beside[0]!.connects('connected');
    return beside[0]!;
  }

  test('a second one is asked, until the first answers', async () => {
    const other = await heldBack();
    await other.hello();
    kernel.full('a');
    expect(link.find('a')?.connection).toBe('live');
    void link.request({ type: 'snapshot' }).catch(() => undefined);
    expect(other.of('snapshot')).toHaveLength(1);
    await kernel.hello();
    void link.request({ type: 'snapshot' }).catch(() => undefined);
    expect(other.of('snapshot')).toHaveLength(1);
    expect(kernel.of('snapshot').length).toBeGreaterThan(0);
    expect(disposed).toBe(0);
    await vi.advanceTimersByTimeAsync(REQUEST_TIMEOUT);
    expect(disposed).toBe(1);
  });

  test('none is made where the first answers in time, or tells nothing', async () => {
    await vi.advanceTimersByTimeAsync(10 * PROMPT_REPLY);
    expect(beside).toHaveLength(0);
    kernel.delta('a');
    await kernel.hello();
    await vi.advanceTimersByTimeAsync(10 * PROMPT_REPLY);
    expect(beside).toHaveLength(0);
  });

  test('it goes with the link, and with the kernel', async () => {
    await heldBack();
    kernel.becomes('restarting');
    await vi.advanceTimersByTimeAsync(REQUEST_TIMEOUT);
    expect(disposed).toBe(1);
    kernel.delta('a');
    await vi.advanceTimersByTimeAsync(PROMPT_REPLY);
    expect(beside).toHaveLength(2);
    link.dispose();
    expect(disposed).toBe(2);
  });
});

describe('what the kernel tells', () => {
  test('a delta before the full state is ignored', async () => {
    await kernel.hello();
    kernel.delta('a');
    expect(ids()).toEqual([]);
    kernel.full('a');
    expect(ids()).toEqual(['a']);
  });

  test('a delta changes the result it names', async () => {
    await linked('a', 'b');
    kernel.delta('a', { done: 7 });
    expect(link.find('a')?.head.done).toBe(7);
    expect(link.find('b')?.head.done).toBe(0);
    expect(link.find('a')?.connection).toBe('live');
  });

  test('a message that comes twice is taken once', async () => {
    await linked('a');
    kernel.delta('a', { done: 7 });
    kernel.seq -= 1;
    kernel.delta('a', { done: 3 });
    expect(link.find('a')?.head.done).toBe(7);
    expect(kernel.of('snapshot')).toHaveLength(0);
  });

  test('a gap asks for the full state once, and nothing is taken in until it has come', async () => {
    await linked('a');
    kernel.seq += 1;
    kernel.delta('a', { done: 5 });
    kernel.delta('a', { done: 6 });
    expect(link.find('a')?.head.done).toBe(0);
    expect(kernel.of('snapshot')).toHaveLength(1);
    kernel.tell({ type: 'update', full: true, last: true, results: [{ id: 'a', head: { done: 6 } }] });
    kernel.delta('a', { done: 8 });
    expect(link.find('a')?.head.done).toBe(8);
  });

  test('a result that the full state does not name is forgotten, with the parts taken together', async () => {
    await linked('a', 'b', 'c');
    const [a, b] = [link.find('a'), link.find('b')];
    kernel.tell({ type: 'update', full: true, results: [{ id: 'a' }] });
    expect(ids()).toEqual(['a', 'b', 'c']);
    kernel.tell({ type: 'update', full: true, last: true, results: [{ id: 'c' }] });
    expect(ids()).toEqual(['a', 'c']);
    expect(link.find('a')).toBe(a);
    expect(b?.connection).toBe('static');
    expect(b?.commands).toBeNull();
  });

  test('a gap within a full state forgets nothing, and asks again', async () => {
    await linked('a', 'b');
    kernel.tell({ type: 'update', full: true, results: [{ id: 'a' }] });
    kernel.seq += 1;
    kernel.tell({ type: 'update', full: true, last: true, results: [] });
    expect(ids()).toEqual(['a', 'b']);
    expect(kernel.of('snapshot')).toHaveLength(1);
  });

  test('a result that is gone is taken off the list', async () => {
    await linked('a', 'b');
    const listed = vi.fn();
    link.resultsChanged.connect(listed);
    kernel.delta('a', {}, ['b']);
    expect(ids()).toEqual(['a']);
    expect(listed).toHaveBeenCalledOnce();
  });

  test('what comes of a request reaches its result', async () => {
    await linked('a');
    const told = vi.fn();
    link.find('a')?.outcome.connect((_, outcome) => {
      told(outcome.message);
    });
    const outcome = { type: 'outcome', request: 'r', result: 'a', action: 'cancel', status: 'ok' };
    kernel.tell({ ...outcome, message: 'Cancelled 3 tasks.' });
    kernel.tell({ ...outcome, result: 'unknown', message: 'Nobody hears this.' });
    expect(told.mock.calls).toEqual([['Cancelled 3 tasks.']]);
  });

  test('a message that can not be read is said once, and repaired with a full state', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    await linked('a');
    kernel.tell({ type: 'update', full: false, results: 'all of them' });
    kernel.tell({ type: 'party' });
    expect(warn).toHaveBeenCalledOnce();
    expect(kernel.of('snapshot')).toHaveLength(1);
    kernel.full('a');
    kernel.delta('a', { done: 2 });
    expect(link.find('a')?.head.done).toBe(2);
  });

  test('the messages of others are left alone', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    await linked('a');
    kernel.tell({ protocol: 2, type: 'party' });
    kernel.tell({ protocol: undefined, method: 'update', state: {} });
    expect(warn).not.toHaveBeenCalled();
  });
});

describe('the end', () => {
  test.each(['restarting', 'autorestarting', 'dead'] as const)('a kernel that is %s is disconnected', async status => {
    await linked('a');
    kernel.becomes(status);
    expect(link.find('a')?.connection).toBe('disconnected');
    expect(link.find('a')?.commands).toBeNull();
    expect(link.isLoaded).toBe(false);
  });

  test('a connection that comes back is live again, with the same models', async () => {
    await linked('a');
    const model = link.find('a');
    kernel.connects('connecting');
    expect(model?.connection).toBe('disconnected');
    kernel.seq += 20;
    kernel.connects('connected');
    await linked('a');
    kernel.delta('a', { done: 4 });
    expect(link.find('a')).toBe(model);
    expect(model?.head.done).toBe(4);
    expect(model?.connection).toBe('live');
    expect(model?.commands).not.toBeNull();
    expect(kernel.of('snapshot')).toHaveLength(0);
  });

  test('after a restart the results of the old session go with the first full state of the new one', async () => {
    await linked('old');
    kernel.becomes('restarting');
    kernel.becomes('idle');
    kernel.opens('second');
    await linked('new');
    expect(ids()).toEqual(['new']);
  });

  test('a full state that comes before the answer to hello counts', async () => {
    kernel.full('a');
    await kernel.hello();
    await vi.advanceTimersByTimeAsync(2 * REQUEST_TIMEOUT);
    expect(ids()).toEqual(['a']);
    expect(kernel.of('snapshot')).toHaveLength(0);
  });

  test('goodbye freezes the cards and empties the list', async () => {
    await linked('a');
    const model = link.find('a');
    kernel.tell({ type: 'bye' });
    expect(model?.connection).toBe('unloaded');
    expect(ids()).toEqual([]);
    expect(kernel.of('hello')).toHaveLength(1);
  });

  test('another connection to the same kernel keeps the models', async () => {
    await linked('a');
    const model = link.find('a');
    const other = new FakeKernel();
    link.connect(other.connection);
    kernel.delta('a', { done: 9 });
    expect(model?.head.done).toBe(0);
    expect(other.of('snapshot')).toHaveLength(0);
    other.seq = kernel.seq + 5;
    await other.hello();
    other.full('a');
    other.delta('a', { done: 4 });
    expect(link.find('a')).toBe(model);
    expect(model?.head.done).toBe(4);
    expect(model?.connection).toBe('live');
  });

  test('a hundred links leave nothing behind on the connection', async () => {
    for (let n = 0; n < 100; n++) {
      const another = new KernelLink({ id: 'k', client: 'tab', rate: 5 });
      another.connect(kernel.connection);
      another.dispose();
    }
    link.dispose();
    await vi.advanceTimersByTimeAsync(10 * REQUEST_TIMEOUT);
    const before = kernel.asked.length;
    kernel.opens('second');
    kernel.full('a');
    expect(ids()).toEqual([]);
    expect(kernel.asked).toHaveLength(before);
    expect(kernel.open).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a request', () => {
  const failure = async (asked: Promise<unknown> | undefined): Promise<string> =>
    asked?.then(() => 'it was answered', (error: unknown) => (error as Error).message) ?? 'nothing was asked';

  test('resolves to the checked answer', async () => {
    await linked('a');
    const asked = link.find('a')?.commands?.traceback(3);
    expect(kernel.of('traceback')).toMatchObject([{ result: 'a', group: 3 }]);
    await kernel.answer('traceback', { traceback: 'Traceback: …' });
    expect(await asked).toBe('Traceback: …');
  });

  test('a kernel that does not answer is said so', async () => {
    await linked('a');
    const failed = failure(link.find('a')?.commands?.run('cancel'));
    await vi.advanceTimersByTimeAsync(REQUEST_TIMEOUT);
    expect(await failed).toBe(NO_ANSWER);
    expect(kernel.open).toBe(0);
  });

  test('a kernel that restarts does not leave anybody waiting', async () => {
    await linked('a');
    const failed = failure(link.find('a')?.commands?.run('cancel'));
    await kernel.losesFutures();
    expect(await failed).toBe(NO_ANSWER);
  });

  test.each([
    ['a refusal', { status: 'error', error: { code: 'replayed', message: 'Asked before.' } }, 'Asked before.'],
    ['nonsense', { traceback: 17 }, "The kernel's answer can't be read: traceback is not a text."],
    ['the answer to another', { request: 'other' }, /another request/],
    ['a word nobody knows', { status: 'perhaps' }, /can't be read/]
  ])('%s rejects with a sentence', async (_, answer, sentence) => {
    await linked('a');
    const failed = failure(link.find('a')?.commands?.traceback(0));
    await kernel.answer('traceback', answer);
    expect(await failed).toMatch(sentence);
  });

  test('nothing is asked while the kernel is not connected', async () => {
    kernel.connects('connecting');
    expect(await failure(link.request({ type: 'snapshot' }))).toBe('The kernel is not connected.');
    await settled();
    expect(kernel.of('snapshot')).toHaveLength(0);
  });
});

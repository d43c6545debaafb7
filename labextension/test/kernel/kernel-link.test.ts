import type { Kernel } from '@jupyterlab/services';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { KernelLink } from '../../src/kernel/kernel-link';
import { REQUEST_TIMEOUT } from '../../src/kernel/request';
import { PROMPT_REPLY } from '../../src/kernel/second-connection';
import { NO_ANSWER } from '../../src/model/words';
import { VERSION } from '../../src/protocol/types';
import { FakeKernel, flushPromises } from './fake-kernel';

let kernel: FakeKernel;
let link: KernelLink;

beforeEach(async () => {
  vi.useFakeTimers();
  kernel = new FakeKernel();
  link = new KernelLink({ client: 'tab', rate: 5 });
  link.connect(kernel.connection);
  await flushPromises();
});

afterEach(() => {
  link.dispose();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const ids = (): string[] => [...link.results.models.keys()];

/** Connect the link, with a full state of these results. */
async function linked(...results: string[]): Promise<void> {
  await kernel.replyToHello();
  kernel.sendFullState(...results);
}

describe('hello', () => {
  test('is sent once, on the control channel, with the wanted rate', () => {
    expect(kernel.requests).toMatchObject([{ type: 'hello', client: 'tab', rate: 5, version: VERSION, protocol: 1 }]);
  });

  test('waits until the kernel is connected', async () => {
    const other = new FakeKernel();
    other.connectionStatus = 'connecting';
    link.connect(other.connection);
    await flushPromises();
    expect([other.queries, other.requests.length]).toEqual([0, 0]);
    other.setConnectionStatus('connected');
    await flushPromises();
    expect(other.requestsOf('hello')).toHaveLength(1);
  });

  test.each([false, null])('is not sent to a kernel that does not say that it has a comm of ours: %s', async loaded => {
    const absent = vi.fn();
    const other = new FakeKernel();
    other.loaded = loaded;
    link.absent.connect(absent);
    link.connect(other.connection);
    await vi.advanceTimersByTimeAsync(10 * REQUEST_TIMEOUT);
    other.setStatus('busy');
    other.setStatus('idle');
    await vi.advanceTimersByTimeAsync(10 * REQUEST_TIMEOUT);
    expect(absent).toHaveBeenCalledOnce();
    expect([other.queries, other.requests.length, other.openFutures]).toEqual([1, 0, 0]);
    other.openComm('first');
    expect(other.requestsOf('hello')).toHaveLength(1);
    expect(other.queries).toBe(1);
  });

  test('that has no reply is not repeated, and the silence is reported', async () => {
    const absent = vi.fn();
    link.absent.connect(absent);
    await vi.advanceTimersByTimeAsync(10 * REQUEST_TIMEOUT);
    expect(absent).toHaveBeenCalledOnce();
    expect([kernel.queries, kernel.requests.length, kernel.openFutures]).toEqual([1, 1, 0]);
  });

  test('is sent again when the package is loaded later', () => {
    kernel.openComm('first');
    expect(kernel.requestsOf('hello')).toHaveLength(2);
  });

  test('is sent once where the kernel opens a comm before it replies to the query', async () => {
    const other = new FakeKernel();
    link.connect(other.connection);
    other.openComm('first');
    await flushPromises();
    expect(other.requestsOf('hello')).toHaveLength(1);
  });

  test('is followed by a request for the full state, once, if that does not arrive', async () => {
    await kernel.replyToHello();
    expect(kernel.requestsOf('snapshot')).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(REQUEST_TIMEOUT);
    expect(kernel.requestsOf('snapshot')).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(10 * REQUEST_TIMEOUT);
    expect(kernel.requestsOf('snapshot')).toHaveLength(1);
  });
});

describe('a blocked connection', () => {
  let second: FakeKernel[];
  let disposed: number;

  beforeEach(() => {
    link.dispose();
    kernel.loaded = null;
    [second, disposed] = [[], 0];
    const openSecond = (): Kernel.IKernelConnection => {
      const other = new FakeKernel();
      other.connectionStatus = 'connecting';
      second.push(other);
      return Object.assign(other, { dispose: () => disposed++ }) as unknown as Kernel.IKernelConnection;
    };
    link = new KernelLink({ client: 'tab', rate: 5, openSecond });
    link.connect(kernel.connection);
  });

  /** Have the kernel send a message but no reply. */
  async function blocked(): Promise<FakeKernel> {
    kernel.sendDelta('a');
    await vi.advanceTimersByTimeAsync(PROMPT_REPLY);
    expect(second).toHaveLength(1);
    second[0]!.setConnectionStatus('connected');
    return second[0]!;
  }

  test('is replaced by a second one until the first brings a reply', async () => {
    const other = await blocked();
    await other.replyToHello();
    kernel.sendFullState('a');
    expect(link.results.models.get('a')?.connection).toBe('live');
    void link.request({ type: 'snapshot' }).catch(() => undefined);
    expect(other.requestsOf('snapshot')).toHaveLength(1);
    await kernel.replyToHello();
    void link.request({ type: 'snapshot' }).catch(() => undefined);
    expect(other.requestsOf('snapshot')).toHaveLength(1);
    expect(kernel.requestsOf('snapshot').length).toBeGreaterThan(0);
    expect(disposed).toBe(0);
    await vi.advanceTimersByTimeAsync(REQUEST_TIMEOUT);
    expect(disposed).toBe(1);
  });

  test('is not assumed where the reply is prompt, or the kernel sends nothing', async () => {
    await vi.advanceTimersByTimeAsync(10 * PROMPT_REPLY);
    expect(second).toHaveLength(0);
    kernel.sendDelta('a');
    await kernel.replyToHello();
    await vi.advanceTimersByTimeAsync(10 * PROMPT_REPLY);
    expect(second).toHaveLength(0);
  });

  test('loses its second one with the link, and with the kernel', async () => {
    await blocked();
    kernel.setStatus('restarting');
    await vi.advanceTimersByTimeAsync(REQUEST_TIMEOUT);
    expect(disposed).toBe(1);
    kernel.sendDelta('a');
    await vi.advanceTimersByTimeAsync(PROMPT_REPLY);
    expect(second).toHaveLength(2);
    link.dispose();
    expect(disposed).toBe(2);
  });
});

describe('messages', () => {
  test('a delta before the full state is ignored', async () => {
    await kernel.replyToHello();
    kernel.sendDelta('a');
    expect(ids()).toEqual([]);
    kernel.sendFullState('a');
    expect(ids()).toEqual(['a']);
  });

  test('a delta changes the result it names', async () => {
    await linked('a', 'b');
    kernel.sendDelta('a', { done: 7 });
    expect(link.results.models.get('a')?.head.done).toBe(7);
    expect(link.results.models.get('b')?.head.done).toBe(0);
    expect(link.results.models.get('a')?.connection).toBe('live');
  });

  test('a message that arrives twice is applied once', async () => {
    await linked('a');
    kernel.sendDelta('a', { done: 7 });
    kernel.seq -= 1;
    kernel.sendDelta('a', { done: 3 });
    expect(link.results.models.get('a')?.head.done).toBe(7);
    expect(kernel.requestsOf('snapshot')).toHaveLength(0);
  });

  test('a gap requests the full state once, and nothing is applied before it arrives', async () => {
    await linked('a');
    kernel.seq += 1;
    kernel.sendDelta('a', { done: 5 });
    kernel.sendDelta('a', { done: 6 });
    expect(link.results.models.get('a')?.head.done).toBe(0);
    expect(kernel.requestsOf('snapshot')).toHaveLength(1);
    kernel.send({ type: 'update', full: true, last: true, results: [{ id: 'a', head: { done: 6 } }] });
    kernel.sendDelta('a', { done: 8 });
    expect(link.results.models.get('a')?.head.done).toBe(8);
  });

  test('a result that is in no part of the full state is removed', async () => {
    await linked('a', 'b', 'c');
    const [a, b] = [link.results.models.get('a'), link.results.models.get('b')];
    kernel.send({ type: 'update', full: true, results: [{ id: 'a' }] });
    expect(ids()).toEqual(['a', 'b', 'c']);
    kernel.send({ type: 'update', full: true, last: true, results: [{ id: 'c' }] });
    expect(ids()).toEqual(['a', 'c']);
    expect(link.results.models.get('a')).toBe(a);
    expect(b?.connection).toBe('static');
    expect(b?.request).toBeNull();
  });

  test('a gap within a full state removes nothing, and requests it again', async () => {
    await linked('a', 'b');
    kernel.send({ type: 'update', full: true, results: [{ id: 'a' }] });
    kernel.seq += 1;
    kernel.send({ type: 'update', full: true, last: true, results: [] });
    expect(ids()).toEqual(['a', 'b']);
    expect(kernel.requestsOf('snapshot')).toHaveLength(1);
  });

  test('a result that is gone is removed from the list', async () => {
    await linked('a', 'b');
    const listed = vi.fn();
    link.resultsChanged.connect(listed);
    kernel.sendDelta('a', {}, ['b']);
    expect(ids()).toEqual(['a']);
    expect(listed).toHaveBeenCalledOnce();
  });

  test('the outcome of a request reaches its result', async () => {
    await linked('a');
    const told = vi.fn();
    link.results.models.get('a')?.outcome.connect((_, outcome) => {
      told(outcome.message);
    });
    const outcome = { type: 'outcome', request: 'r', result: 'a', action: 'cancel', status: 'ok' };
    kernel.send({ ...outcome, message: 'Cancelled 3 tasks.' });
    kernel.send({ ...outcome, result: 'unknown', message: 'This goes nowhere.' });
    expect(told.mock.calls).toEqual([['Cancelled 3 tasks.']]);
  });

  test('an unreadable message is logged once, and repaired by a full state', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    await linked('a');
    kernel.send({ type: 'update', full: false, results: 'all of them' });
    kernel.send({ type: 'party' });
    expect(warn).toHaveBeenCalledOnce();
    expect(kernel.requestsOf('snapshot')).toHaveLength(1);
    kernel.sendFullState('a');
    kernel.sendDelta('a', { done: 2 });
    expect(link.results.models.get('a')?.head.done).toBe(2);
  });

  test('messages of other comms are ignored', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    await linked('a');
    kernel.send({ protocol: 2, type: 'party' });
    kernel.send({ protocol: undefined, method: 'update', state: {} });
    expect(warn).not.toHaveBeenCalled();
  });
});

describe('disconnection', () => {
  test.each(['restarting', 'autorestarting', 'dead'] as const)('a kernel that is %s is disconnected', async status => {
    await linked('a');
    kernel.setStatus(status);
    expect(link.results.models.get('a')?.connection).toBe('disconnected');
    expect(link.results.models.get('a')?.request).toBeNull();
    expect(link.isLoaded).toBe(false);
  });

  test('a restored connection is live again, with the same models', async () => {
    await linked('a');
    const model = link.results.models.get('a');
    kernel.setConnectionStatus('connecting');
    expect(model?.connection).toBe('disconnected');
    kernel.seq += 20;
    kernel.setConnectionStatus('connected');
    await linked('a');
    kernel.sendDelta('a', { done: 4 });
    expect(link.results.models.get('a')).toBe(model);
    expect(model?.head.done).toBe(4);
    expect(model?.connection).toBe('live');
    expect(model?.request).not.toBeNull();
    expect(kernel.requestsOf('snapshot')).toHaveLength(0);
  });

  test('after a restart the first full state removes the results of the old session', async () => {
    await linked('old');
    kernel.setStatus('restarting');
    kernel.setStatus('idle');
    kernel.openComm('second');
    await linked('new');
    expect(ids()).toEqual(['new']);
  });

  test('a full state that arrives before the reply to hello counts', async () => {
    kernel.sendFullState('a');
    await kernel.replyToHello();
    await vi.advanceTimersByTimeAsync(2 * REQUEST_TIMEOUT);
    expect(ids()).toEqual(['a']);
    expect(kernel.requestsOf('snapshot')).toHaveLength(0);
  });

  test('a bye message freezes the cards and empties the list', async () => {
    await linked('a');
    const model = link.results.models.get('a');
    kernel.send({ type: 'bye' });
    expect(model?.connection).toBe('unloaded');
    expect(ids()).toEqual([]);
    expect(kernel.requestsOf('hello')).toHaveLength(1);
  });

  test('another connection to the same kernel keeps the models', async () => {
    await linked('a');
    const model = link.results.models.get('a');
    const other = new FakeKernel();
    link.connect(other.connection);
    kernel.sendDelta('a', { done: 9 });
    expect(model?.head.done).toBe(0);
    expect(other.requestsOf('snapshot')).toHaveLength(0);
    other.seq = kernel.seq + 5;
    await other.replyToHello();
    other.sendFullState('a');
    other.sendDelta('a', { done: 4 });
    expect(link.results.models.get('a')).toBe(model);
    expect(model?.head.done).toBe(4);
    expect(model?.connection).toBe('live');
  });

  test('a hundred disposed links leave no handler, future or timer', async () => {
    for (let n = 0; n < 100; n++) {
      const another = new KernelLink({ client: 'tab', rate: 5 });
      another.connect(kernel.connection);
      another.dispose();
    }
    link.dispose();
    await vi.advanceTimersByTimeAsync(10 * REQUEST_TIMEOUT);
    const before = kernel.requests.length;
    kernel.openComm('second');
    kernel.sendFullState('a');
    expect(ids()).toEqual([]);
    expect(kernel.requests).toHaveLength(before);
    expect(kernel.openFutures).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a request', () => {
  const failure = async (asked: Promise<unknown> | undefined): Promise<string> =>
    asked?.then(() => 'resolved', (error: unknown) => (error as Error).message) ?? 'no request';

  test('resolves to the checked reply', async () => {
    await linked('a');
    const asked = link.results.models.get('a')?.request?.({ type: 'traceback', result: 'a', group: 3 });
    expect(kernel.requestsOf('traceback')).toMatchObject([{ result: 'a', group: 3 }]);
    await kernel.reply('traceback', { traceback: 'Traceback: …' });
    expect(await asked).toEqual({ traceback: 'Traceback: …' });
  });

  test('without a reply rejects after the timeout', async () => {
    await linked('a');
    const failed = failure(link.results.models.get('a')?.request?.({ type: 'cancel', result: 'a' }));
    await vi.advanceTimersByTimeAsync(REQUEST_TIMEOUT);
    expect(await failed).toBe(NO_ANSWER);
    expect(kernel.openFutures).toBe(0);
  });

  test('rejects when the kernel restarts', async () => {
    await linked('a');
    const failed = failure(link.results.models.get('a')?.request?.({ type: 'cancel', result: 'a' }));
    await kernel.cancelFutures();
    expect(await failed).toBe(NO_ANSWER);
  });

  test.each([
    ['a refusal', { status: 'error', error: { code: 'failed', message: 'Too many.' } }, 'Too many.'],
    ['nonsense', { traceback: 17 }, "The kernel's answer can't be read: traceback is not a text."],
    ['the reply to another request', { request: 'other' }, /another request/],
    ['an unknown status', { status: 'perhaps' }, /can't be read/]
  ])('%s rejects with a sentence', async (_, answer, sentence) => {
    await linked('a');
    const failed = failure(link.results.models.get('a')?.request?.({ type: 'traceback', result: 'a', group: 0 }));
    await kernel.reply('traceback', answer);
    expect(await failed).toMatch(sentence);
  });

  test('is sent once the kernel is connected, where another connection to it is being made', async () => {
    await linked('a');
    const other = new FakeKernel();
    other.connectionStatus = 'connecting';
    link.connect(other.connection);
    const ran = failure(link.results.models.get('a')?.request?.({ type: 'cancel', result: 'a' }));
    expect(other.requestsOf('cancel')).toHaveLength(0);
    other.setConnectionStatus('connected');
    await other.reply('cancel');
    expect(await ran).toBe('resolved');
    expect(kernel.requestsOf('cancel')).toHaveLength(0);
  });

  test('is sent again, under the same id, over the connection that replaces its own', async () => {
    await linked('a');
    const ran = failure(link.results.models.get('a')?.request?.({ type: 'cancel', result: 'a' }));
    const other = new FakeKernel();
    other.connectionStatus = 'connecting';
    link.connect(other.connection);
    await kernel.cancelFutures();
    other.setConnectionStatus('connected');
    expect(other.requestsOf('cancel')).toEqual(kernel.requestsOf('cancel'));
    await other.reply('cancel');
    expect(await ran).toBe('resolved');
    other.setConnectionStatus('connecting');
    other.setConnectionStatus('connected');
    expect(other.requestsOf('cancel')).toHaveLength(1);
  });

  test('rejects after the timeout where the connection is not made', async () => {
    kernel.setConnectionStatus('connecting');
    const failed = failure(link.request({ type: 'snapshot' }));
    await vi.advanceTimersByTimeAsync(REQUEST_TIMEOUT);
    expect(await failed).toBe('The kernel is not connected.');
    kernel.setConnectionStatus('connected');
    expect(kernel.requestsOf('snapshot')).toHaveLength(0);
  });

  test('rejects at once while the kernel is not connected', async () => {
    kernel.setConnectionStatus('disconnected');
    expect(await failure(link.request({ type: 'snapshot' }))).toBe('The kernel is not connected.');
    await flushPromises();
    expect(kernel.requestsOf('snapshot')).toHaveLength(0);
  });
});

import type { ISessionContext } from '@jupyterlab/apputils';
import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Kernels } from '../../src/kernel/kernels';
import type { Services } from '../../src/kernel/kernels';
import { REQUEST_TIMEOUT } from '../../src/kernel/request';
import { PROMPT_REPLY } from '../../src/kernel/second-connection';
import { FakeKernel, flushPromises } from './fake-kernel';

class Connection extends FakeKernel {
  readonly targets: string[] = [];
  isDisposed = false;

  constructor(readonly id: string, readonly name = 'python3', readonly handleComms = true) {
    super();
  }

  registerCommTarget(target: string): void {
    this.targets.push(target);
  }

  dispose(): void {
    this.isDisposed = true;
  }
}

class Context {
  readonly kernelChanged = new Signal<this, unknown>(this);
  readonly disposed = new Signal<this, void>(this);
  session: { kernel: Connection | null } = { kernel: null };

  has(kernel: Connection | null): void {
    this.session = { kernel };
    this.kernelChanged.emit(undefined);
  }
}

interface Running {
  id: string;
  name: string;
  last_activity?: string;
}

const own: Connection[] = [];
/** Whether kernels without a notebook have the package loaded. */
let loaded = true;
const sender = {};
const runningChanged = new Signal<object, unknown>(sender);
const sessionsChanged = new Signal<object, unknown>(sender);
let running: Running[] = [];
let path = 'work/climate.ipynb';
let kernels: Kernels;

const services = {
  kernels: {
    running: () => running.values(),
    runningChanged,
    connectTo: ({ model, handleComms }: { model: Running; handleComms: boolean }) => {
      const connection = new Connection(model.id, model.name, handleComms);
      connection.loaded = loaded;
      own.push(connection);
      return connection;
    }
  },
  kernelspecs: { specs: { kernelspecs: { python3: { language: 'python' }, ir: { language: 'R' } } } },
  sessions: {
    running: () => [{ path, name: '', kernel: { id: 'k1' } }].values(),
    runningChanged: sessionsChanged
  }
} as unknown as Services;

beforeEach(() => {
  vi.useFakeTimers();
  running = [];
  own.length = 0;
  loaded = true;
  kernels = new Kernels(services);
});

afterEach(() => {
  Signal.clearData(sender);
  vi.useRealTimers();
});

function opened(kernel: Connection): Context {
  const context = new Context();
  context.session = { kernel };
  kernels.follow(context as unknown as ISessionContext);
  return context;
}

async function runs(...kernels: Running[]): Promise<void> {
  running = kernels;
  runningChanged.emit(kernels);
  await vi.advanceTimersByTimeAsync(1_000);
}

test("a notebook's kernel is linked over the notebook's own connection, with the target registered", async () => {
  const kernel = new Connection('k1');
  opened(kernel);
  await flushPromises();
  expect(kernel.targets).toEqual(['ipar_results']);
  expect(kernel.requestsOf('hello')).toHaveLength(1);
  expect(own).toHaveLength(0);
});

test('a kernel of another language gets no request', async () => {
  const kernel = new Connection('k1', 'ir');
  opened(kernel);
  kernels.linkAll = true;
  await runs({ id: 'k1', name: 'ir' }, { id: 'k2', name: 'ir' });
  expect([kernel.queries, kernel.requests.length]).toEqual([0, 0]);
  expect(own).toHaveLength(0);
});

test('a kernel without an open notebook is linked on demand only, and does not handle comms', async () => {
  await runs({ id: 'k2', name: 'python3' });
  expect(own).toHaveLength(0);
  kernels.linkAll = true;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(own).toMatchObject([{ id: 'k2', handleComms: false }]);
});

test('a result is found in any kernel, and the newest is listed first', async () => {
  const [first, second] = [new Connection('k1'), new Connection('k2')];
  opened(first);
  opened(second);
  await flushPromises();
  await first.replyToHello();
  await second.replyToHello();
  first.send({ type: 'update', full: true, last: true, results: [{ id: 'old', head: { base: 1 } }] });
  second.send({ type: 'update', full: true, last: true, results: [{ id: 'new', head: { base: 2 } }] });
  expect(kernels.find('old')?.id).toBe('old');
  expect(kernels.find('other')).toBeUndefined();
  expect(kernels.all().map(({ model, kernel }) => [model.id, kernel])).toEqual([['new', 'k2'], ['old', 'k1']]);
  expect(kernels.pathOf('k1')).toBe('work/climate.ipynb');
});

test('a kernel without the package is disconnected, and queried again after it was active', async () => {
  loaded = false;
  kernels.linkAll = true;
  await runs({ id: 'k2', name: 'python3', last_activity: '1' });
  await vi.advanceTimersByTimeAsync(2 * REQUEST_TIMEOUT);
  expect(own.map(connection => connection.isDisposed)).toEqual([true]);
  // The query itself was an activity.
  await runs({ id: 'k2', name: 'python3', last_activity: '2' });
  await vi.advanceTimersByTimeAsync(60_000);
  await runs({ id: 'k2', name: 'python3', last_activity: '2' });
  expect(own).toHaveLength(1);
  await runs({ id: 'k2', name: 'python3', last_activity: '3' });
  expect(own.map(({ queries, requests }) => [queries, requests.length])).toEqual([[1, 0], [1, 0]]);
});

test('a kernel that loads the package soon after its start keeps our own connection', async () => {
  loaded = false;
  kernels.linkAll = true;
  await runs({ id: 'k2', name: 'python3' });
  own[0]?.openComm('first');
  await own[0]?.replyToHello();
  await vi.advanceTimersByTimeAsync(4 * REQUEST_TIMEOUT);
  expect(own.map(connection => connection.isDisposed)).toEqual([false]);
});

test('an opened notebook replaces our own connection, and the results stay', async () => {
  kernels.linkAll = true;
  await runs({ id: 'k1', name: 'python3' });
  await own[0]?.replyToHello();
  own[0]?.sendFullState('a');
  const model = kernels.find('a');
  const kernel = new Connection('k1');
  opened(kernel);
  expect(own[0]?.isDisposed).toBe(true);
  expect(kernel.requestsOf('hello')).toHaveLength(1);
  expect(kernels.find('a')).toBe(model);
});

test('after its notebook is closed, a running kernel is linked over a connection of our own', async () => {
  kernels.linkAll = true;
  const kernel = new Connection('k1');
  const context = opened(kernel);
  await runs({ id: 'k1', name: 'python3' });
  await kernel.replyToHello();
  kernel.sendFullState('a');
  const model = kernels.find('a');
  context.disposed.emit();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(own).toHaveLength(1);
  expect(kernels.find('a')).toBe(model);
});

test('after shutdown the results leave the list, and their cards are disconnected', async () => {
  const kernel = new Connection('k1');
  const context = opened(kernel);
  await runs({ id: 'k1', name: 'python3' });
  await kernel.replyToHello();
  kernel.sendFullState('a');
  const model = kernels.find('a');
  context.has(null);
  await runs();
  expect(kernels.all()).toEqual([]);
  expect(model?.connection).toBe('disconnected');
});

test('a kernel that does not reply gets a second connection, also if a gateway does not list its kernels', async () => {
  const kernel = new Connection('k1');
  kernel.loaded = null;
  opened(kernel);
  kernel.sendFullState('a');
  await vi.advanceTimersByTimeAsync(PROMPT_REPLY);
  expect(own.map(({ id, handleComms }) => [id, handleComms])).toEqual([['k1', false]]);
});

test('a renamed notebook is reported at once', () => {
  const paths: string[] = [];
  kernels.updated.connect(() => paths.push(kernels.pathOf('k1')));
  path = 'work/weather.ipynb';
  sessionsChanged.emit([]);
  path = 'work/climate.ipynb';
  expect(paths).toEqual(['work/weather.ipynb']);
});

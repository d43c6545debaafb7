/** The MIME renderer shows the live result where there is one, and never an error. */

import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { Kernels } from '../../src/kernel/kernels';
import type { ResultRenderer } from '../../src/lab/mime-renderer';
import type { ResultModel } from '../../src/model/result';
import { checkSaved } from '../../src/protocol/saved';
import { MIME_TYPE } from '../../src/protocol/types';
import { SCENES, live, requester } from '../gallery/scenes';
import { toSaved } from '../model/first-format';

// Lumino needs this class at import time, and jsdom lacks it.
vi.stubGlobal('DragEvent', MouseEvent);
const { ResultRenderer: Renderer } = await import('../../src/lab/mime-renderer');

class FakeResults {
  model: ResultModel | null = null;
  readonly changed = new Signal<this, void>(this);

  find(): ResultModel | undefined {
    return this.model ?? undefined;
  }

  replace(model: ResultModel | null): void {
    this.model = model;
    this.changed.emit();
  }
}

let results: FakeResults;
let renderer: ResultRenderer;
let setData: ReturnType<typeof vi.fn>;

beforeEach(() => {
  results = new FakeResults();
  renderer = new Renderer({ kernels: results as unknown as Kernels, settings: { timelineOpen: true } });
  document.body.append(renderer.node);
  setData = vi.fn();
});

afterEach(() => {
  renderer.dispose();
  vi.useRealTimers();
});

async function render(json: unknown): Promise<void> {
  const data = { [MIME_TYPE]: json, 'text/html': 'old' };
  await renderer.renderModel({
    data,
    metadata: {},
    trusted: false,
    setData
  } as unknown as IRenderMime.IMimeModel);
}

function running(): ResultModel {
  return live({ tasks: 100, engines: 2, ended: 40, running: true });
}

function finish(model: ResultModel): void {
  model.apply({ id: model.id, head: { finished: true, state: 'done', done: 100, ok: 100, wall_time: 9 } });
}

test.each([
  [{ type: 'snapshot', version: 99 }, 'This result was saved by a newer version of ipar_results.'],
  [{ type: 'snapshot', version: 1, id: 'x' }, "This result can't be read."],
  [null, "This result can't be read."],
  ['<b>', "This result can't be read."]
])('an unreadable result is one plain line (%j)', async (json, line) => {
  await render(json);
  expect(renderer.node.textContent).toBe(line);
});

test('a result without a kernel is drawn from the notebook', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const frame = (): Promise<unknown> => new Promise(resolve => requestAnimationFrame(resolve));
  await render(toSaved(running()));
  expect(renderer.node.textContent).toContain('40 of 100');
  expect(renderer.node.textContent).toContain('connecting');
  expect(renderer.node.textContent.toLowerCase()).not.toContain('not connected');
  vi.advanceTimersByTime(3_000);
  await frame();
  expect(renderer.node.textContent).toContain('Not connected');
  await render(toSaved(running()));
  expect(renderer.node.textContent).toContain('Not connected');
  expect(vi.getTimerCount()).toBe(1); // the card requests rows
});

test('a live result is shown in the same card as soon as it is there', async () => {
  const model = running();
  await render(toSaved(model));
  const card = renderer.node.firstElementChild;
  results.replace(model);
  expect(renderer.node.textContent).not.toContain('Not connected');
  expect(renderer.node.firstElementChild).toBe(card);
});

test('another rendering keeps the card and its open folds', async () => {
  const model = running();
  results.model = model;
  await render(toSaved(model));
  const card = renderer.node.firstElementChild;
  const fold = renderer.node.querySelectorAll<HTMLButtonElement>('.ipar-fold')[1];
  fold?.click();
  await render(toSaved(model));
  expect(renderer.node.firstElementChild).toBe(card);
  expect(fold?.getAttribute('aria-expanded')).toBe('true');
});

test('a result that lost its kernel keeps its last state', async () => {
  const model = running();
  results.model = model;
  await render(toSaved(model));
  model.apply({ id: model.id, head: { done: 77, ok: 77 } });
  model.connection = 'disconnected';
  results.replace(null);
  await new Promise(resolve => requestAnimationFrame(resolve));
  expect(renderer.node.textContent).toContain('77 of 100');
  expect(renderer.node.textContent).toContain('Disconnected from the kernel');
});

test('after a reload the end is saved in the notebook, as the kernel draws it', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const model = running();
  results.model = model;
  await render(toSaved(model));
  finish(model);
  const whole = { [MIME_TYPE]: toSaved(model), 'text/html': '<div>whole</div>', 'text/plain': 'whole' };
  model.request = requester({ bundle: () => Promise.resolve(whole) });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(setData).toHaveBeenCalledTimes(1);
  expect(setData.mock.calls[0]?.[0]).toEqual({ data: whole });
});

test('a retry during the request for the bundle leaves the notebook as it is', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const model = running();
  results.model = model;
  await render(toSaved(model));
  finish(model);
  const whole = { [MIME_TYPE]: toSaved(model), 'text/html': '', 'text/plain': '' };
  const bundle = (): Promise<never> => {
    model.apply({ id: model.id, head: { finished: false, state: 'running', done: 90, ok: 90 } });
    return Promise.resolve(whole as never);
  };
  model.request = requester({ bundle });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(setData).not.toHaveBeenCalled();
});

test('without a reply the notebook gets the facts that the page has', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const model = running();
  results.model = model;
  await render(toSaved(model));
  finish(model);
  const failures = [{ type: 'ValueError', count: 2, engines: [0, 1], indices: [3], traceback: 'at line 3' }];
  const texts = { message: 'm', where: 'f, line 3', input: null, messages_differ: false };
  const times = { first_time: null, last_time: null };
  model.failures = failures.map(group => ({ ...group, ...texts, ...times, n: 0, first: 3 }));
  model.request = requester({ bundle: () => Promise.reject(new Error('No answer from the kernel.')) });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(setData).toHaveBeenCalledTimes(1);
  const { data } = setData.mock.calls[0]?.[0] as { data: Record<string, unknown> };
  const { id } = model;
  expect(checkSaved(data[MIME_TYPE])).toMatchObject({ ok: true, value: { id, finished: true, ok: 100, failures } });
  expect(data['text/plain']).toContain('100 tasks');
  expect(data['text/html']).not.toBe('old');
});

test('an end that the kernel has saved is not saved again', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const model = running();
  results.model = model;
  await render(toSaved(model));
  finish(model);
  await render(toSaved(model));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(setData).not.toHaveBeenCalled();
});

test('a saved end is shown before its message arrives, and a retry goes on from there', async () => {
  const model = running();
  results.model = model;
  await render(toSaved(model));
  const time = model.head.time + 5;
  const end = { finished: true, state: 'done', done: 100, ok: 100, running: 0, queued: 0, time } as const;
  await render({ ...toSaved(model), ...end });
  await new Promise(resolve => requestAnimationFrame(resolve));
  const bar = renderer.node.querySelector('[role=progressbar]');
  expect(bar?.getAttribute('aria-valuenow')).toBe('100');
  model.apply({ id: model.id, head: { finished: false, state: 'running', done: 98, time: time + 5 } });
  await new Promise(resolve => requestAnimationFrame(resolve));
  expect(bar?.getAttribute('aria-valuenow')).toBe('98');
});

const names = Object.keys(SCENES).filter(name => !/0k|hostile/.test(name));
test.each(names)('the scene %s is drawn after saving', async name => {
  const model = SCENES[name]?.();
  if (model) await render(JSON.parse(JSON.stringify(toSaved(model))));
  expect(renderer.node.querySelector('[role=group]')).not.toBeNull();
});

test('a disposed renderer has no listeners', async () => {
  const model = running();
  results.model = model;
  await render(toSaved(model));
  renderer.dispose();
  finish(model);
  results.replace(null);
  expect(setData).not.toHaveBeenCalled();
});

/** The renderer shows what is live where it can, and never an error. */

import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { ResultRenderer } from '../../src/lab/mime-renderer';
import type { ResultModel } from '../../src/model/result';
import { toSaved } from '../../src/model/save';
import { MIME_TYPE } from '../../src/protocol/types';
import { SCENES, commands, live } from '../gallery/scenes';

// Lumino looks for this when it is loaded, and jsdom lacks it.
vi.stubGlobal('DragEvent', MouseEvent);
const { ResultRenderer: Renderer } = await import('../../src/lab/mime-renderer');

class KernelResults {
  model: ResultModel | null = null;
  readonly changed = new Signal<this, void>(this);

  find(): ResultModel | null {
    return this.model;
  }

  now(model: ResultModel | null): void {
    this.model = model;
    this.changed.emit();
  }
}

let known: KernelResults;
let renderer: ResultRenderer;
let setData: ReturnType<typeof vi.fn>;

beforeEach(() => {
  known = new KernelResults();
  renderer = new Renderer({ results: known, settings: { timelineOpen: true } });
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
])('what it does not know is one plain line (%j)', async (json, line) => {
  await render(json);
  expect(renderer.node.textContent).toBe(line);
});

test('a result that no kernel knows is drawn from the notebook', async () => {
  await render(toSaved(running()));
  expect(renderer.node.textContent).toContain('40 of 100');
  expect(renderer.node.textContent).toContain('Not connected');
});

test('a live result is shown as soon as a kernel tells of it, and in the same card', async () => {
  const model = running();
  await render(toSaved(model));
  const card = renderer.node.firstElementChild;
  known.now(model);
  expect(renderer.node.textContent).not.toContain('Not connected');
  expect(renderer.node.firstElementChild).toBe(card);
});

test('being rendered again keeps the card and its open folds', async () => {
  const model = running();
  known.model = model;
  await render(toSaved(model));
  const card = renderer.node.firstElementChild;
  const fold = renderer.node.querySelectorAll<HTMLButtonElement>('.ipar-fold')[1];
  fold?.click();
  await render(toSaved(model));
  expect(renderer.node.firstElementChild).toBe(card);
  expect(fold?.getAttribute('aria-expanded')).toBe('true');
});

test('a result whose kernel went away keeps its last state', async () => {
  const model = running();
  known.model = model;
  await render(toSaved(model));
  model.apply({ id: model.id, head: { done: 77, ok: 77 } });
  model.connection = 'disconnected';
  known.now(null);
  await new Promise(resolve => requestAnimationFrame(resolve));
  expect(renderer.node.textContent).toContain('77 of 100');
  expect(renderer.node.textContent).toContain('Disconnected from the kernel');
});

test('after a reload the end is written to the notebook, as the kernel draws it', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const model = running();
  known.model = model;
  await render(toSaved(model));
  finish(model);
  const whole = { [MIME_TYPE]: toSaved(model), 'text/html': '<div>whole</div>', 'text/plain': 'whole' };
  model.commands = { ...commands, bundle: () => Promise.resolve(whole as never) };
  await vi.advanceTimersByTimeAsync(10_000);
  expect(setData).toHaveBeenCalledTimes(1);
  expect(setData.mock.calls[0]?.[0]).toEqual({ data: whole });
});

test('a retry that overtakes the kernel\'s answer leaves the notebook as it is', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const model = running();
  known.model = model;
  await render(toSaved(model));
  finish(model);
  const whole = { [MIME_TYPE]: toSaved(model), 'text/html': '', 'text/plain': '' };
  const bundle = (): Promise<never> => {
    model.apply({ id: model.id, head: { finished: false, state: 'running', done: 90, ok: 90 } });
    return Promise.resolve(whole as never);
  };
  model.commands = { ...commands, bundle };
  await vi.advanceTimersByTimeAsync(10_000);
  expect(setData).not.toHaveBeenCalled();
});

test('a kernel that does not answer leaves the notebook with the facts that are known', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const model = running();
  known.model = model;
  await render(toSaved(model));
  finish(model);
  model.commands = { ...commands, bundle: () => Promise.reject(new Error('No answer from the kernel.')) };
  await vi.advanceTimersByTimeAsync(10_000);
  expect(setData).toHaveBeenCalledTimes(1);
  const { data } = setData.mock.calls[0]?.[0] as { data: Record<string, unknown> };
  expect(data[MIME_TYPE]).toMatchObject({ finished: true, ok: 100, id: model.id });
  expect(data['text/plain']).toContain('100 tasks');
  expect(data['text/html']).not.toBe('old');
});

test('where the kernel writes the end itself nothing is written twice', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const model = running();
  known.model = model;
  await render(toSaved(model));
  finish(model);
  await render(toSaved(model));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(setData).not.toHaveBeenCalled();
});

test('an end that the output holds is shown before the link tells it; a retry moves on from there', async () => {
  const model = running();
  known.model = model;
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

test.each(Object.keys(SCENES).filter(name => !/0k|hostile/.test(name)))('%s draws as saved', async name => {
  const model = SCENES[name]?.();
  if (model) await render(JSON.parse(JSON.stringify(toSaved(model))));
  expect(renderer.node.querySelector('[role=group]')).not.toBeNull();
});

test('a renderer that is gone no longer listens', async () => {
  const model = running();
  known.model = model;
  await render(toSaved(model));
  renderer.dispose();
  finish(model);
  known.now(null);
  expect(setData).not.toHaveBeenCalled();
});

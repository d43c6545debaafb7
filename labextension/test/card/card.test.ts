/** The card in a page without layout: texts, buttons, folds, and disposal. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { AdviceView, timeUse } from '../../src/card/advice';
import { Card } from '../../src/card/card';
import { ResultModel } from '../../src/model/result';
import type { Head } from '../../src/protocol/figures';
import { REPLIES, SCENES, live, reply, requester, rows, saved } from '../gallery/scenes';
import type { Replies } from '../gallery/scenes';

let card: Card;

beforeEach(() => {
  Element.prototype.scrollIntoView = () => undefined;
  card = new Card({ settings: { timelineOpen: true } });
  document.body.append(card.node);
});

afterEach(() => {
  card.dispose();
  document.body.replaceChildren();
  vi.useRealTimers();
});

function scene(name: string): ResultModel {
  const model = SCENES[name]?.();
  if (!model) throw new Error(`no scene ${name}`);
  return model;
}

function show(model: ResultModel, changes: Replies = {}): ResultModel {
  if (model.request) model.request = requester(changes);
  card.setModel(model);
  return model;
}

/** Whether an element is not hidden. */
function isShown(node: Element): boolean {
  return node.closest('[hidden]') === null;
}

function button(name: string): HTMLButtonElement {
  const found = [...card.node.querySelectorAll('button')].find(
    node => isShown(node) && (node.getAttribute('aria-label') ?? node.textContent.trim()) === name
  );
  if (!found) throw new Error(`no button ${name}`);
  return found;
}

function buttons(): string[] {
  return [...card.node.querySelectorAll('.ipar-actions button')].filter(isShown).map(node => node.textContent);
}

function text(selector: string): string {
  return [...card.node.querySelectorAll(selector)]
    .filter(isShown)
    .map(node => node.textContent)
    .join('|');
}

function fold(name: string): HTMLButtonElement {
  const found = [...card.node.querySelectorAll<HTMLButtonElement>('.ipar-fold')].find(node =>
    node.textContent.startsWith(name)
  );
  if (!found) throw new Error(`no fold ${name}`);
  return found;
}

async function frame(): Promise<void> {
  await new Promise(resolve => requestAnimationFrame(resolve));
  await Promise.resolve();
}

describe('the head', () => {
  test('has name, progress, counts and time left', () => {
    show(scene('running'));
    expect(text('.ipar-name')).toBe('simulate');
    expect(text('.ipar-fact')).toBe('412 of 1,000');
    expect(text('.ipar-facts')).toContain('398 ok');
    expect(text('.ipar-facts')).toContain('14 failed');
    expect(text('.ipar-pace')).toMatch(/^0:\d\dabout /);
    expect(card.node.getAttribute('aria-label')).toBe('simulate: running');
  });

  test('has a progress bar that counts tasks', () => {
    show(scene('chunked'));
    const bar = card.node.querySelector('[role=progressbar]');
    expect(bar?.getAttribute('aria-valuenow')).toBe('9400');
    expect(bar?.getAttribute('aria-valuemax')).toBe('20000');
  });

  test('of one task is one line', () => {
    show(scene('one'));
    expect(text('.ipar-head')).toContain('→ 41872');
    expect(text('.ipar-bar, .ipar-facts, .ipar-fold, .ipar-lanes')).toBe('');
  });

  test('of a result without tasks says so', () => {
    show(scene('empty'));
    expect(text('.ipar-fact')).toBe('no tasks');
  });

  test('is updated in place', async () => {
    const model = show(scene('running'));
    const parts = [...card.node.querySelectorAll('.ipar-bar i')];
    model.apply({ id: model.id, head: { ok: 399, done: 413, queued: 579 } });
    await frame();
    expect(text('.ipar-fact')).toBe('413 of 1,000');
    expect([...card.node.querySelectorAll('.ipar-bar i')]).toEqual(parts);
  });

  test('ticks every second until the result has ended', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const model = show(scene('running'));
    const before = text('.ipar-pace');
    vi.advanceTimersByTime(3_000);
    expect(text('.ipar-pace')).not.toBe(before);
    model.apply({ id: model.id, head: { finished: true, state: 'failed', wall_time: 30 } });
    await frame();
    expect(text('.ipar-pace')).toBe('took 0:30');
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('without a kernel', () => {
  test.each([
    ['saved', /^Not connected: this is how it was at \d\d:\d\d on 2023-11-1\d\.$/],
    ['disconnected', /^Disconnected from the kernel: this is how it was at /],
    ['unloaded', /^No longer followed: ipar_results was unloaded\.$/]
  ])('a result that is %s says so and can do nothing', (name, note) => {
    show(scene(name));
    expect(text('.ipar-note')).toMatch(note);
    expect(buttons()).toEqual([]);
  });

  test('a finished result is complete', () => {
    show(scene('savedDone'));
    expect(text('.ipar-note')).toBe('');
    expect(text('.ipar-pace')).toMatch(/^took /);
  });

  test('a task opens with what the notebook holds', () => {
    show(saved(scene('failed')));
    fold('Tasks').click();
    button('Open task 41').click();
    expect(text('.ipar-drawer')).toContain('✕ failed');
    expect(text('.ipar-drawer')).toContain('More is known only while its kernel runs.');
  });
});

describe('buttons', () => {
  test('are those that the kernel offers', () => {
    show(scene('running'));
    expect(buttons()).toEqual(['Cancel', 'Interrupt', 'Retry failed', 'Export']);
    show(scene('done'));
    expect(buttons()).toEqual(['Export']);
  });

  test('are disabled from the click until the reply', async () => {
    let answer = (): void => undefined;
    const run = vi.fn(() => new Promise<void>(resolve => (answer = resolve)));
    show(scene('running'), { cancel: run, interrupt: run });
    button('Cancel').click();
    button('Cancel').click();
    expect(button('Cancel').getAttribute('aria-disabled')).toBe('true');
    expect(run).toHaveBeenCalledTimes(1);
    answer();
    await vi.waitFor(() => {
      expect(button('Cancel').hasAttribute('aria-disabled')).toBe(false);
    });
  });

  test('show why a request failed', async () => {
    show(scene('running'), { retry: () => Promise.reject(new Error('No answer from the kernel.')) });
    button('Retry failed').click();
    await vi.waitFor(() => {
      expect(text('.ipar-trouble')).toBe('No answer from the kernel.');
    });
  });

  test('ask for confirmation before they stop running tasks', () => {
    const run = vi.fn(() => Promise.resolve());
    show(scene('running'), { cancel: run, interrupt: run });
    button('Interrupt').click();
    expect(text('.ipar-ask')).toContain('Stop 8 running tasks and cancel 580 queued?');
    expect(run).not.toHaveBeenCalled();
    button('No').click();
    expect(text('.ipar-ask')).toBe('');
    button('Interrupt').click();
    button('Yes, stop them').click();
    expect(run.mock.calls).toEqual([[{ type: 'interrupt', result: '0'.repeat(32) }]]);
  });

  test('export in three formats and show the path', async () => {
    const run = vi.fn(() => Promise.resolve());
    const model = show(scene('done'), { export: run });
    button('Export').click();
    button('Trace (JSON)').click();
    expect(run).toHaveBeenCalledWith({ type: 'export', result: model.id, format: 'trace' });
    model.outcome.emit({ action: 'export', status: 'ok', message: 'Saved /tmp/x.json', path: '/tmp/x.json' });
    await frame();
    expect(text('.ipar-outcome')).toBe('Saved /tmp/x.json');
  });

  test('offer to retry what there is', () => {
    const model = show(scene('aborted'));
    const name = (head: Partial<Head>): string => {
      model.apply({ id: model.id, head: { ...model.head, ...head } });
      card.setModel(show(scene('done')));
      card.setModel(model);
      return buttons()[0] ?? '';
    };
    expect(name({})).toBe('Retry cancelled');
    expect(name({ failed: 3, ok: 597 })).toBe('Retry failed and cancelled');
    expect(name({ failed: 3, aborted: 0 })).toBe('Retry failed');
    expect(card.node.querySelector('.ipar-retried')?.getAttribute('data-count')).toBe('3');
  });

  test('an outcome ends with the run', async () => {
    const model = show(scene('running'));
    model.outcome.emit({ action: 'cancel', status: 'ok', message: '2 tasks could not be reached.' });
    model.apply({ id: model.id, head: { ...model.head, ok: 399, done: 413 } });
    await frame();
    expect(text('.ipar-outcome')).toBe('2 tasks could not be reached.');
    model.apply({ id: model.id, head: { ...model.head, finished: true, state: 'failed' } });
    await frame();
    expect(text('.ipar-outcome')).toBe('');
  });

  test('an outcome whose link has the focus does not end with the run', async () => {
    card.dispose();
    card = new Card({ settings: { timelineOpen: true }, findFile: () => Promise.resolve(() => undefined) });
    document.body.replaceChildren(card.node);
    const model = show(scene('running'));
    model.outcome.emit({ action: 'export', status: 'ok', message: 'Saved /tmp/x.json', path: '/tmp/x.json' });
    await vi.waitFor(() => {
      button('/tmp/x.json').focus();
    });
    model.apply({ id: model.id, head: { ...model.head, finished: true, state: 'failed' } });
    await frame();
    expect(document.activeElement).toBe(button('/tmp/x.json'));
  });
});

describe('failures', () => {
  test('show which inputs failed, when, and one of them', async () => {
    const model = show(scene('running'));
    const times = { first_time: model.head.base + 3, last_time: model.head.base + 61 };
    const input: [number, string] = [41, "(0, '<b>')"];
    model.apply({
      id: model.id,
      failures: [{ n: 0, count: 99, engines: [1], first: 4, indices: [4, 5, 6, 41], input, ...times }]
    });
    await frame();
    const lines = [...card.node.querySelectorAll('.ipar-failure p')].map(p => p.textContent);
    expect(lines.slice(0, 2)).toEqual([
      'tasks 4–6, 41 and 95 more · first at 3.0 s, last at 1:01',
      "input of task 41: (0, '<b>')"
    ]);
  });

  test('stay open while their count rises', async () => {
    const model = show(scene('running'));
    const details = card.node.querySelector('details');
    if (!details) throw new Error('no failures');
    details.open = true;
    details.dispatchEvent(new Event('toggle'));
    expect(text('pre')).toContain('return solve(grid, seed)');
    const pre = details.querySelector('pre')?.firstChild;
    model.apply({ id: model.id, failures: [{ n: 0, count: 99, engines: [1], first: 4 }] });
    await frame();
    expect(card.node.querySelector('details')).toBe(details);
    expect(details.open).toBe(true);
    expect(details.querySelector('summary')?.textContent).toContain('✕ 99');
    expect(details.querySelector('pre')?.firstChild).toBe(pre);
  });

  test('are copied without colour codes', async () => {
    const writeText = vi.fn((_: string) => Promise.resolve());
    vi.stubGlobal('navigator', { clipboard: { writeText } });
    show(scene('running'));
    button('Copy traceback').click();
    await vi.waitFor(() => {
      expect(text('.ipar-failure')).toContain('Copied.');
    });
    expect(writeText.mock.calls[0]?.[0]).toContain('---> 13     return solve(grid, seed)');
    expect(writeText.mock.calls[0]?.[0]).not.toContain('\x1b');
    vi.unstubAllGlobals();
  });
});

describe('folds', () => {
  test('stay open when the model of the result is replaced', () => {
    show(scene('running'));
    fold('Engines').click();
    show(saved(scene('running')));
    expect(fold('Engines').getAttribute('aria-expanded')).toBe('true');
    expect(text('.ipar-table tbody tr')).not.toBe('');
  });

  test('list tasks by page and by state', () => {
    show(scene('running'));
    fold('Tasks').click();
    const rows = (): number => [...card.node.querySelectorAll('.ipar-part tbody tr')].filter(isShown).length;
    expect(rows()).toBe(50);
    button('Next').click();
    expect(text('.ipar-part')).toContain('51–100 of 1,000');
    button('Failed 14').click();
    expect(rows()).toBe(14);
    button('Running 8').click();
    expect(rows()).toBe(8);
    button('Queued 580').click();
    expect(text('.ipar-part')).toContain('1–50 of 580');
  });

  test('say where only a sample of the tasks is here', () => {
    show(scene('sampled'));
    fold('Tasks').click();
    expect(text('.ipar-part')).toContain('of 200,000 tasks are known here');
    expect(text('.ipar-timeline')).toContain('timeline shows 5,000 of 100,000 tasks');
  });

  const column = (at: number): string[] =>
    [...card.node.querySelectorAll<HTMLTableRowElement>('.ipar-tasks tbody tr')].map(row => row.cells[at]!.textContent);
  const header = (title: string): Element =>
    [...card.node.querySelectorAll('.ipar-tasks th')].find(node => node.textContent === title)!;

  test('sort tasks by a column, the slowest first', () => {
    const model = show(scene('done'));
    fold('Tasks').click();
    expect(header('Task').getAttribute('aria-sort')).toBe('ascending');
    expect(column(0).slice(0, 3)).toEqual(['0', '1', '2']);
    button('Took').focus();
    button('Took').click();
    expect(document.activeElement).toBe(button('Took'));
    expect([header('Task'), header('Took')].map(node => node.getAttribute('aria-sort'))).toEqual([null, 'descending']);
    const longest = [...model.columns.duration.subarray(0, 400)].sort((a, b) => b - a);
    const shown = (): number[] => column(0).map(name => model.columns.duration[Number(name)]!);
    expect(shown()).toEqual(longest.slice(0, 50));
    button('Took').click();
    expect(header('Took').getAttribute('aria-sort')).toBe('ascending');
    expect(shown()).toEqual([...longest].reverse().slice(0, 50));
    button('Engine').click();
    expect(new Set(column(1))).toEqual(new Set(['0']));
    expect(header('Input').querySelector('button')).toBeNull();
  });

  test('sort running tasks by their time so far, and those without a time last', () => {
    show(live({ tasks: 60, engines: 2, ended: 40, running: true }));
    fold('Tasks').click();
    button('Took').click();
    const took = column(4);
    expect(took.filter(text => text.endsWith(' so far'))).toHaveLength(2);
    expect(took.findIndex(text => text === '–')).toBe(42);
    button('Started').click();
    expect(column(3).findIndex(text => text === '–')).toBe(42);
    button('State').click();
    expect(new Set(column(2).slice(0, 2))).toEqual(new Set(['▸ running']));
  });

  test('keep a sorted table for a second while tasks end', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const model = show(live({ tasks: 60, engines: 2, ended: 40, running: true }));
    fold('Tasks').click();
    button('Took').click();
    const before = column(0);
    const made = rows(1);
    [made.position[0], made.first[0], made.status[0], made.duration[0]] = [59, 59, 2, 1e6];
    model.apply({ id: model.id, rows: made });
    await frame();
    expect(column(0)).toEqual(before);
    vi.advanceTimersByTime(1_100);
    expect(column(0)[0]).toBe('59');
  });

  test('show the inputs of the tasks on the page, which are fetched once', async () => {
    const inputs = vi.fn(REPLIES.inputs);
    const model = show(scene('running'), { inputs });
    expect(inputs).not.toHaveBeenCalled();
    fold('Tasks').click();
    await vi.waitFor(() => {
      expect(column(5).at(-1)).toBe('(0, 49)');
    });
    model.apply({ id: model.id, head: { ok: 399 } });
    await frame();
    expect(inputs).toHaveBeenCalledTimes(1);
    button('Next').click();
    await vi.waitFor(() => {
      expect(column(5)[0]).toBe('(0, 50)');
    });
    expect(inputs.mock.calls.map(([{ positions }]) => positions.length)).toEqual([50, 50]);
  });

  test('have no column of inputs where none is known', async () => {
    show(scene('running'), { inputs: () => Promise.reject(new Error('unknown type')) });
    fold('Tasks').click();
    await vi.waitFor(() => {
      expect(isShown(header('Input'))).toBe(false);
    });
    show(saved(scene('running')));
    expect(isShown(header('Input'))).toBe(false);
  });

  test('request inputs again some time after that failed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const inputs = vi.fn(REPLIES.inputs).mockRejectedValueOnce(new Error('No answer from the kernel.'));
    const model = show(scene('running'), { inputs });
    const change = async (): Promise<void> => {
      model.apply({ id: model.id });
      await frame();
      await vi.advanceTimersByTimeAsync(0);
    };
    fold('Tasks').click();
    for (let i = 0; i < 5; i++) await change();
    expect(inputs).toHaveBeenCalledTimes(1);
    expect(isShown(header('Input'))).toBe(false);
    await vi.advanceTimersByTimeAsync(10_000);
    await change();
    expect(inputs).toHaveBeenCalledTimes(2);
    expect(column(5)[0]).toBe('(0, 0)');
    await vi.advanceTimersByTimeAsync(60_000);
    await change();
    expect(inputs).toHaveBeenCalledTimes(2);
  });

  test('show hostile inputs as text', async () => {
    const inputs = () => Promise.resolve({ inputs: ['<img src=x onerror=hacked()>\u202e\n\u001b[31mred', null] });
    show(scene('running'), { inputs });
    fold('Tasks').click();
    await vi.waitFor(() => {
      expect(column(5)[0]).toBe('<img src=x onerror=hacked()>\ufffd ↵ red');
    });
    expect(card.node.querySelector('img')).toBeNull();
  });

  test('follow the output while it is open', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    let stdout = 'step 1\n';
    const outputs = vi.fn(() =>
      Promise.resolve({
        outputs: [
          { index: 9, engine_id: 0, stdout, stderr: '', omitted: 0, rich: 0 },
          { index: 4, engine_id: 1, stdout: 'quiet\n', stderr: '', omitted: 0, rich: 0 }
        ],
        total: 2
      })
    );
    const model = show(scene('running'), { outputs });
    const change = async (): Promise<void> => {
      model.apply({ id: model.id });
      await frame();
    };
    fold('Output').click();
    await vi.advanceTimersByTimeAsync(0);
    expect(text('.ipar-output pre')).toBe('quiet|step 1');
    expect([...card.node.querySelectorAll('button')].map(node => node.textContent)).not.toContain('Refresh');
    const quiet = button('task 4');
    quiet.focus();
    stdout += 'step 2\n';
    for (let i = 0; i < 9; i++) await change();
    expect(outputs).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(outputs).toHaveBeenCalledTimes(2);
    expect(text('.ipar-output pre')).toBe('quiet|step 1\nstep 2');
    expect(document.activeElement).toBe(quiet);
    await vi.advanceTimersByTimeAsync(60_000); // without a change nothing is requested
    expect(outputs).toHaveBeenCalledTimes(2);
    fold('Output').click();
    await change();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(outputs).toHaveBeenCalledTimes(2);
  });

  test('request no output after the fold was closed or the card disposed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    let answer: (reply: unknown) => void = () => undefined;
    const outputs = vi.fn(() => new Promise(resolve => (answer = resolve)));
    const model = show(scene('running'), { outputs });
    const end: (() => void)[] = [() => fold('Output').click(), () => card.dispose()];
    for (const [i, close] of end.entries()) {
      fold('Output').click();
      await vi.advanceTimersByTimeAsync(5_000);
      expect(outputs).toHaveBeenCalledTimes(i + 1);
      model.apply({ id: model.id });
      await frame();
      close();
      answer({ outputs: [], total: 0 });
      await vi.advanceTimersByTimeAsync(60_000);
      expect(outputs).toHaveBeenCalledTimes(i + 1);
    }
  });

  test('show no error of the output of another result', async () => {
    let fail: (error: Error) => void = () => undefined;
    show(scene('running'), { outputs: () => new Promise((_, reject) => (fail = reject)) });
    fold('Output').click();
    await vi.waitFor(() => {
      expect(text('.ipar-part:not([hidden])')).toBe('');
    });
    show(saved(scene('running')));
    fail(new Error('No answer from the kernel.'));
    await frame();
    expect(text('.ipar-part:not([hidden])')).not.toContain('No answer');
  });

  test('show the newest output when they are opened', () => {
    show(saved(scene('running')));
    const list = card.node.querySelector('.ipar-scroll[aria-label="Output"]')!;
    Object.defineProperty(list, 'scrollHeight', { value: 900 });
    Object.defineProperty(list, 'clientHeight', { value: 200 });
    fold('Output').click();
    expect(list.scrollTop).toBe(900);
  });

  test('request long output rarely, and keep the focus on the task', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    let n = 0;
    const outputs = vi.fn(() => {
      const stdout = `${++n} `.padEnd(40_000, 'x');
      return Promise.resolve({
        outputs: [{ index: 9, engine_id: 0, stdout, stderr: '', omitted: 0, rich: 0 }],
        total: 1
      });
    });
    const model = show(scene('running'), { outputs });
    fold('Output').click();
    await vi.advanceTimersByTimeAsync(0);
    button('task 9').focus();
    for (let i = 0; i < 12; i++) {
      model.apply({ id: model.id });
      await frame();
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(outputs).toHaveBeenCalledTimes(4); // at 0, 4, 8 and 12 seconds
    expect(document.activeElement).toBe(button('task 9'));
  });

  test('fetch output when opened, and show how much is new', async () => {
    const outputs = vi.fn(() => REPLIES.outputs());
    const model = show(scene('running'), { outputs });
    expect(fold('Output').textContent).toContain('3 new');
    expect(outputs).not.toHaveBeenCalled();
    fold('Output').click();
    await vi.waitFor(() => {
      expect(text('.ipar-output')).toContain('step 3 of 3');
    });
    model.apply({ id: model.id, head: { outputs_total: 5 } });
    await frame();
    expect(text('.ipar-part:not([hidden])')).toContain('of 5 tasks that wrote something');
    fold('Output').click();
    model.apply({ id: model.id, head: { outputs_total: 6 } });
    await frame();
    expect(fold('Output').textContent).toContain('3 new');
  });

  test('count a failed task of an engine as failed only', () => {
    const model = show(scene('running'));
    fold('Engines').click();
    const rows = [...card.node.querySelectorAll<HTMLTableRowElement>('.ipar-table tbody tr')].slice(0, 8);
    const shown = rows.map(row => [1, 2].map(i => Number(row.cells[i]!.textContent.replace('–', '0'))));
    expect(shown).toEqual(model.engines.map(load => [load.done - load.failed, load.failed]));
    expect(shown.some(([, failed]) => failed)).toBe(true);
  });

  test('show many engines as a map', () => {
    show(scene('engines1024'));
    fold('Engines').click();
    expect(card.node.querySelectorAll('.ipar-cell')).toHaveLength(1024);
    const map = card.node.querySelector('.ipar-map');
    map?.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }));
    expect(text('.ipar-part')).toMatch(/engine 0 · \d+ ok/);
  });
});

describe('a task', () => {
  test('opens with the details from the kernel, and returns the focus', async () => {
    show(scene('running'));
    fold('Tasks').click();
    button('Open task 0').focus();
    button('Open task 0').click();
    await vi.waitFor(() => {
      expect(text('.ipar-drawer')).toContain('ValueError: grid of 0 cells cannot be solved');
    });
    expect(text('.ipar-drawer')).toContain('Attempts2');
    expect(text('.ipar-drawer')).toContain('stdout · … 30,000 characters left out');
    expect(card.node.querySelector('.ipar-drawer')).toBe(document.activeElement);
    button('Close task').focus();
    button('Close task').click();
    expect(document.activeElement).toBe(button('Open task 0'));
  });

  test('shows more on request', async () => {
    const task = vi.fn((request: { position: number; limit: number }) => Promise.resolve(reply(request.position)));
    show(scene('running'), { task });
    fold('Tasks').click();
    button('Open task 0').click();
    await vi.waitFor(() => {
      button('Show more');
    });
    button('Show more').click();
    expect(task.mock.calls.map(([request]) => request.limit)).toEqual([4_000, 40_000]);
  });

  test('shows that the kernel does not reply', async () => {
    show(scene('running'), { task: () => Promise.reject(new Error('No answer from the kernel.')) });
    fold('Tasks').click();
    button('Open task 0').click();
    await vi.waitFor(() => {
      expect(text('.ipar-drawer')).toContain('No answer from the kernel.');
    });
  });
});

test('hostile text is shown as text', () => {
  show(scene('hostile'));
  for (const name of ['Engines', 'Tasks', 'Output']) fold(name).click();
  for (const details of card.node.querySelectorAll('details')) details.open = true;
  expect(card.node.querySelectorAll('script, img, style')).toHaveLength(0);
  expect((window as unknown as { hacked?: number }).hacked).toBeUndefined();
  expect(card.node.textContent.length).toBeLessThan(100_000);
});

test('rows are requested only where none has arrived', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const watch = vi.fn(() => Promise.resolve());
  show(scene('running'), { watch });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(watch).not.toHaveBeenCalled();
  show(live({ tasks: 10, engines: 1, ended: 0, running: true, head: { ended: 4 } }), { watch });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(watch).toHaveBeenCalledTimes(1);
});

test('a disposed card has no listeners and no timers', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const model = show(scene('running'));
  const changed = vi.spyOn(model, 'elapsed');
  card.dispose();
  changed.mockClear();
  model.apply({ id: model.id, head: { ok: 399 } });
  vi.advanceTimersByTime(10_000);
  expect(changed).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

describe('advice', () => {
  const use = { engines: 8, total: 100, computing: 3, waiting: 15, overhead: 82, lost: 0, other: 0 };

  test('shows the time use as a bar with a legend', () => {
    expect(timeUse(use).map(part => part.phrase)).toEqual([
      'computing 3 %',
      'transfer and overhead 82 %',
      'waiting 15 %'
    ]);
    expect(timeUse(null)).toEqual([]);
    const view = new AdviceView();
    view.update({ ...new ResultModel('x').head, time_use: use });
    const bar = view.node.querySelector('[role="img"]');
    expect(bar?.getAttribute('aria-label')).toContain('transfer and overhead 82 %');
    expect(bar?.children).toHaveLength(3);
    const key = [...view.node.querySelectorAll('.ipar-key > span')].map(part => part.textContent);
    expect(key).toEqual(['computing 3 %', 'transfer and overhead 82 %', 'waiting 15 %']);
    view.update(new ResultModel('x').head);
    expect(bar?.hasAttribute('hidden')).toBe(true);
  });

  test('keeps numbers and units on one line', () => {
    const view = new AdviceView();
    const message = 'Tasks average 0.5 ms each. chunksize=128 would take about 2.0 s.';
    const advice = [{ code: 'tiny-tasks', message, evidence: '40 kB in 3 messages', gain: 1 }];
    view.update({ ...new ResultModel('x').head, advice });
    const text = view.node.querySelector('.ipar-advice')?.textContent;
    expect(text).toBe(
      'Tasks average 0.5\u00a0ms each. chunksize=128 would take about 2.0\u00a0s. 40\u00a0kB in 3 messages'
    );
  });
});

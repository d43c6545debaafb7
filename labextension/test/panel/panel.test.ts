import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { ResultEntry, Kernels } from '../../src/kernel/kernels';
import { Notifier } from '../../src/lab/notifications';
import { ResultModel } from '../../src/model/result';
import { ResultsPanel } from '../../src/panel/panel';
import * as summary from '../../src/panel/summary';
import { ROW_HEIGHT } from '../../src/panel/virtual-list';
import { NO_HEAD } from '../../src/protocol/figures';
import type { Head } from '../../src/protocol/figures';

function entry(id: string, head: Partial<Head> = {}): ResultEntry {
  const model = new ResultModel(id);
  model.apply({ id, head: { ...NO_HEAD, name: id, total: 10, state: 'running', running: 1, ...head } }, true);
  return { model, kernel: 'k' };
}

class FakeKernels {
  readonly changed = new Signal<this, void>(this);
  readonly updated = new Signal<this, void>(this);
  linkAll = false;
  entries: ResultEntry[] = [];
  all = (): ResultEntry[] => this.entries;
  pathOf = (): string => 'work/climate.ipynb';
  get kernels(): Kernels {
    return this as unknown as Kernels;
  }
}

const FAILED = { state: 'failed', finished: true, done: 10, ok: 7, failed: 3, running: 0, wall_time: 80 } as const;

describe('texts', () => {
  test('the summary counts running and failed results, and is empty without results', () => {
    const many = [entry('a'), entry('b'), entry('c', FAILED), entry('d', { ...FAILED, state: 'done', failed: 0 })];
    expect(summary.summarize(summary.countResults(many))).toBe('2 running · 1 failed');
    expect(summary.summarize(summary.countResults(many.slice(3)))).toBe('1 result');
    expect(summary.summarize(summary.countResults([]))).toBe('');
  });

  test('a disconnected result does not count as running', () => {
    const lost = entry('a');
    lost.model.connection = 'disconnected';
    expect(summary.countResults([lost]).running).toBe(0);
    expect(summary.timeOf(lost.model)).toBe('disconnected');
  });

  test('failed and aborted inputs are distinguished', () => {
    expect(summary.progressOf(entry('a', FAILED).model)).toBe('3 of 10 failed');
    expect(summary.progressOf(entry('a', { ...FAILED, ok: 2, aborted: 5 }).model)).toBe('3 of 10 failed, 5 aborted');
    expect(summary.progressOf(entry('a', { ...FAILED, failed: 0, ok: 5, aborted: 5 }).model)).toBe('5 of 10 aborted');
  });

  test('the cell is named by notebook and execution count, where known', () => {
    const { model } = entry('a', { where: { cell_id: 'x', execution_count: 12 } });
    expect(summary.cellOf(model, 'work/climate.ipynb')).toBe('climate.ipynb [12]');
    expect(summary.cellOf(entry('b').model, '')).toBe('');
  });
});

describe('the panel', () => {
  const openCell = vi.fn();
  const run = vi.fn();
  let source: FakeKernels;
  let panel: ResultsPanel;

  beforeEach(() => {
    vi.useFakeTimers();
    source = new FakeKernels();
    panel = new ResultsPanel(source.kernels, { openCell, run });
  });

  afterEach(() => {
    panel.dispose();
    vi.useRealTimers();
    vi.clearAllMocks();
  });

  const rows = (): HTMLElement[] => [...panel.node.querySelectorAll<HTMLElement>('.ipar-row')];
  const names = (): (string | null)[] => rows().map(row => row.querySelector('.ipar-jump')?.textContent ?? null);
  const filter = (at: number): void => {
    panel.node.querySelectorAll<HTMLButtonElement>('.ipar-filters button')[at]?.click();
  };

  function shown(entries: ResultEntry[], height = 10 * ROW_HEIGHT): void {
    source.entries = entries;
    const scroll = panel.node.querySelector('.ipar-scroll');
    if (scroll) Object.defineProperty(scroll, 'clientHeight', { value: height, configurable: true });
    if (!panel.isAttached) Widget.attach(panel, document.body);
    panel.show();
    source.updated.emit();
    vi.advanceTimersByTime(50);
  }

  test('explains in an empty list how to get results', () => {
    shown([]);
    expect(panel.node.textContent).toContain('%load_ext ipar_results');
    expect(rows()).toHaveLength(0);
  });

  test('lists the results of a filter, and counts those of each', () => {
    shown([entry('a'), entry('b', FAILED)]);
    expect(names()).toEqual(['a', 'b']);
    filter(2);
    expect(names()).toEqual(['b']);
    expect(panel.node.querySelector('.ipar-filters')?.textContent).toBe('All 2Running 1Failed 1');
    filter(1);
    expect(names()).toEqual(['a']);
  });

  test('has progress bars that count inputs', () => {
    shown([entry('a', { done: 4, ok: 4 })]);
    const bar = rows()[0]?.querySelector('[role=progressbar]');
    expect(bar?.getAttribute('aria-valuenow')).toBe('4');
    expect(bar?.getAttribute('aria-valuemax')).toBe('10');
  });

  test('shows text from tasks as text', () => {
    shown([entry('<img src=x onerror=alert(1)>')]);
    expect(panel.node.querySelector('img')).toBeNull();
    expect(names()).toEqual(['<img src=x onerror=alert(1)>']);
  });

  test('has only the rows in view in the page', () => {
    shown(Array.from({ length: 5_000 }, (_, n) => entry(`r${n}`)));
    expect(rows().length).toBeLessThan(30);
    const scroll = panel.node.querySelector('.ipar-scroll');
    if (scroll) scroll.scrollTop = 2_500 * ROW_HEIGHT;
    scroll?.dispatchEvent(new Event('scroll'));
    vi.advanceTimersByTime(50);
    expect(names()).toContain('r2505');
    expect(names()).not.toContain('r0');
    expect(rows().length).toBeLessThan(30);
  });

  test('keeps the focused row in the page while scrolling', () => {
    shown(Array.from({ length: 100 }, (_, n) => entry(`r${n}`)));
    rows()[0]?.querySelector<HTMLElement>('.ipar-jump')?.focus();
    const scroll = panel.node.querySelector('.ipar-scroll');
    if (scroll) scroll.scrollTop = 50 * ROW_HEIGHT;
    scroll?.dispatchEvent(new Event('scroll'));
    vi.advanceTimersByTime(50);
    expect(document.activeElement?.textContent).toBe('r0');
  });

  test('removes the row of a removed result, even if it is focused', () => {
    shown([entry('a'), entry('b')]);
    const [first] = rows();
    first?.querySelector<HTMLElement>('.ipar-jump')?.focus();
    shown([entry('b'), entry('c')]);
    expect(names()).toEqual(['b', 'c']);
    expect(rows()).not.toContain(first);
    expect(first?.isConnected).toBe(false);
  });

  test('opens the cell on click, and moves between rows by arrow keys', () => {
    shown([entry('a'), entry('b'), entry('c')]);
    const [first] = rows();
    first?.querySelector<HTMLElement>('.ipar-jump')?.focus();
    const press = (key: string): void => {
      document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    };
    press('ArrowDown');
    expect(document.activeElement?.textContent).toBe('b');
    press('End');
    expect(document.activeElement?.textContent).toBe('c');
    (document.activeElement as HTMLElement).click();
    expect((openCell.mock.lastCall?.[0] as ResultEntry).model.id).toBe('c');
    expect(panel.current?.model.id).toBe('c');
  });

  test('has one row in the tab order, and a new result does not move the focus', () => {
    shown([entry('a'), entry('b')]);
    rows()[1]?.querySelector<HTMLElement>('.ipar-jump')?.focus();
    shown([entry('new'), ...source.entries]);
    expect(names()).toEqual(['new', 'a', 'b']);
    expect(document.activeElement?.textContent).toBe('b');
    const reached = rows().filter(row => row.querySelector('.ipar-jump')?.getAttribute('tabindex') === '0');
    expect(reached).toHaveLength(1);
  });

  test('shows only the buttons of possible actions', () => {
    const running = entry('a', { actions: ['cancel', 'interrupt', 'export'] });
    running.model.commands = {} as never;
    shown([running, entry('b', { actions: ['cancel'] })]);
    const labels = rows().map(row => {
      const buttons = [...row.querySelectorAll<HTMLElement>('.ipar-actions button')];
      return buttons.filter(node => !node.hidden).map(node => node.textContent);
    });
    expect(labels).toEqual([['Cancel', 'Export'], []]);
    rows()[0]?.querySelector<HTMLElement>('.ipar-actions button')?.click();
    expect((run.mock.lastCall as unknown[])[1]).toBe('cancel');
    expect(openCell).not.toHaveBeenCalled();
  });

  test('draws nothing while hidden', () => {
    shown([entry('a')]);
    panel.hide();
    source.entries = [];
    source.updated.emit();
    vi.advanceTimersByTime(50);
    expect(names()).toEqual(['a']);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('notifications', () => {
  const shown: string[] = [];
  let source: FakeKernels;
  let visible = false;
  let notifier: Notifier;

  beforeEach(() => {
    shown.length = 0;
    visible = false;
    source = new FakeKernels();
    notifier = new Notifier(source.kernels, () => visible, text => shown.push(text));
  });

  function changes(one: ResultEntry, head: Partial<Head>): void {
    source.entries = [one];
    source.updated.emit();
    one.model.apply({ id: one.model.id, head });
    source.updated.emit();
    source.updated.emit();
  }

  test('report the end of a long result once', () => {
    changes(entry('a', { elapsed: 12 }), { ...FAILED, elapsed: 80 });
    expect(shown).toEqual(['a has ended: 3 of 10 failed, took 1:20']);
  });

  test('report the first failure of a long result', () => {
    changes(entry('a', { elapsed: 12 }), { failed: 1 });
    expect(shown).toEqual(['a has a first failure']);
  });

  test.each([
    ['short', { elapsed: 3 }, false],
    ['seen', { elapsed: 80 }, true]
  ])('are not shown for a result that is %s', (_, head, seen) => {
    visible = seen;
    changes(entry('a', head), { ...FAILED, ...head });
    expect(shown).toEqual([]);
  });

  test('are not shown for earlier results, or where disabled', () => {
    changes(entry('a', { ...FAILED, elapsed: 80 }), { failed: 4 });
    notifier.enabled = false;
    changes(entry('b', { elapsed: 80 }), { ...FAILED, elapsed: 80 });
    expect(shown).toEqual([]);
  });
});

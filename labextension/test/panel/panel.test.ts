/** The sidebar: rows, filters, buttons and keyboard. */

import { Widget } from '@lumino/widgets';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { ResultEntry } from '../../src/kernel/kernels';
import { ResultsPanel } from '../../src/panel/panel';
import { ROW_HEIGHT } from '../../src/panel/virtual-list';
import { requester } from '../gallery/scenes';
import { FAILED, FakeKernels, entry } from './fake-kernels';

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
    running.model.request = requester();
    shown([running, entry('b', { actions: ['cancel'] })]);
    const labels = rows().map(row => {
      const buttons = [...row.querySelectorAll<HTMLElement>('.ipar-actions button')];
      return buttons.filter(node => !node.hidden).map(node => node.textContent);
    });
    expect(labels).toEqual([['Cancel', 'Interrupt', 'Export'], []]);
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

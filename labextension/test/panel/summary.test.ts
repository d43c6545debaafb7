/** Texts about one and all results. */

import { expect, test } from 'vitest';

import * as summary from '../../src/panel/summary';
import { FAILED, entry } from './fake-kernels';

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
  expect(summary.progressOf(entry('a', { ...FAILED, ok: 2, aborted: 5 }).model)).toBe('3 of 10 failed, 5 cancelled');
  expect(summary.progressOf(entry('a', { ...FAILED, failed: 0, ok: 5, aborted: 5 }).model)).toBe('5 of 10 cancelled');
});

test('the cell is named by notebook and execution count, where known', () => {
  const { model } = entry('a', { where: { cell_id: 'x', execution_count: 12 } });
  expect(summary.cellOf(model, 'work/climate.ipynb')).toBe('climate.ipynb [12]');
  expect(summary.cellOf(entry('b').model, '')).toBe('');
});

/** The line about the last action: its link, and its end. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Notice } from '../../src/ui/notice';

const PATH = '/home/ada/work/run.html';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
  document.body.replaceChildren();
});

async function saved(open: (() => void) | null): Promise<Notice> {
  const notice = new Notice(() => Promise.resolve(open));
  document.body.append(notice.node);
  notice.show(`Saved ${PATH}`, false, PATH);
  await vi.advanceTimersByTimeAsync(0);
  return notice;
}

test('a file that the server has is a link, and its path is there once', async () => {
  const open = vi.fn();
  const { node } = await saved(open);
  expect(node.textContent).toBe(`Saved ${PATH}`);
  node.querySelector('button')?.click();
  expect(open).toHaveBeenCalledOnce();
});

test('a file that the server does not have is text', async () => {
  const { node } = await saved(null);
  expect(node.textContent).toBe(`Saved ${PATH}`);
  expect(node.children).toHaveLength(0);
});

test('a link does not replace a newer message', async () => {
  let found: (open: () => void) => void = () => undefined;
  const notice = new Notice(() => new Promise(resolve => (found = resolve)));
  notice.show(`Saved ${PATH}`, false, PATH);
  notice.show('No answer from the kernel.', true);
  found(() => undefined);
  await vi.advanceTimersByTimeAsync(0);
  expect(notice.node.textContent).toBe('No answer from the kernel.');
});

test('a message ends after a minute, but not an error, and not a link that has the focus', async () => {
  const notice = await saved(() => undefined);
  notice.node.querySelector('button')?.focus();
  vi.advanceTimersByTime(60_000);
  expect(notice.node.textContent).not.toBe('');
  notice.node.querySelector('button')?.blur();
  vi.advanceTimersByTime(60_000);
  expect(notice.node.textContent).toBe('');
  notice.show('No answer from the kernel.', true);
  vi.advanceTimersByTime(600_000);
  expect(notice.node.textContent).toBe('No answer from the kernel.');
});

/** Text from tasks is sanitized and keeps its colours. */

import { describe, expect, test } from 'vitest';

import { appendText, clip, oneLine, applyCarriageReturns, runs, sanitize } from '../../src/ui/ansi';

const ESC = '\x1b';

function classOf(code: string): string {
  return runs(`${ESC}[${code}mx`)[0]?.classes ?? '';
}

test('a colour becomes a class until it is reset', () => {
  expect(runs(`a${ESC}[31mb${ESC}[0mc`)).toEqual([
    { classes: '', text: 'a' },
    { classes: 'ipar-red', text: 'b' },
    { classes: '', text: 'c' }
  ]);
});

test.each([
  ['1', 'ipar-bold'],
  ['2', 'ipar-dim'],
  ['3', 'ipar-italic'],
  ['4', 'ipar-under'],
  ['7', 'ipar-inverse'],
  ['32', 'ipar-green'],
  ['93', 'ipar-yellow'],
  ['90', 'ipar-grey'],
  ['44', 'ipar-on-blue'],
  ['105', 'ipar-on-magenta'],
  ['38;5;28', 'ipar-green'],
  ['38;5;244', 'ipar-grey'],
  ['48;5;196', 'ipar-on-red'],
  ['38;2;0;0;200', 'ipar-blue'],
  ['48;2;250;250;0', 'ipar-on-yellow'],
  ['38;5;28;01', 'ipar-bold ipar-green'],
  ['31;7', 'ipar-on-red'],
  ['30;43', 'ipar-on-yellow']
])('the graphic code %s has its class', (code, classes) => {
  expect(classOf(code)).toBe(classes);
});

test.each(['58', '999', '38;5', '38;2;1', '38', '38;9;1', '9'.repeat(50), ';;;', '38:5:1'])(
  'the invalid graphic code %s leaves the text as it is',
  code => {
    expect(runs(`${ESC}[${code}mx`).map(run => run.text)).toEqual(['x']);
  }
);

test.each([
  `${ESC}[2J`,
  `${ESC}[?25l`,
  `${ESC}]0;title\x07`,
  `${ESC}]8;;http://x${ESC}\\`,
  `${ESC}c`,
  '\x9b2J'
])('any other escape sequence is dropped (%j)', escape => {
  expect(sanitize(`a${escape}b`)).toBe('ab');
});

test('control characters, direction overrides and lone surrogates become visible', () => {
  expect(sanitize('a\x00b\x07c\x7fd\x08')).toBe('a␀b␇c␡d␈');
  expect(sanitize('\u202egnp.exe\u2066')).toBe('\ufffdgnp.exe\ufffd');
  expect(sanitize('\ud800x\udfff')).toBe('\ufffdx\ufffd');
  expect(sanitize('👍')).toBe('👍');
});

test('markup stays text', () => {
  const pre = document.createElement('pre');
  appendText(pre, `<b>${ESC}[31m<img src=x onerror=alert(1)>`);
  expect(pre.querySelectorAll('b, img')).toHaveLength(0);
  expect(pre.textContent).toBe('<b><img src=x onerror=alert(1)>');
});

test.each([
  `${ESC}[`,
  `${ESC}]8;;`,
  ESC,
  `${ESC}[1;`,
  `${ESC}[m`,
  '\x9b',
  '&<',
  `${ESC}[38;5;`,
  `${ESC}P`,
  ' \t'
])('a megabyte of %j takes linear time', attack => {
  const began = performance.now();
  runs(attack.repeat(1_000_000 / attack.length));
  expect(performance.now() - began).toBeLessThan(5_000);
});

test('a million colours become a bounded number of elements', () => {
  expect(runs(`${ESC}[31mx${ESC}[32my`.repeat(90_000)).length).toBeLessThan(10_010);
});

test('line ends become arrows in one line', () => {
  expect(oneLine(' a\n\n b\r\nc\x85d\u2028e\tf ', 100)).toBe('a ↵ b ↵ c ↵ d ↵ e f');
});

test('a long line says how much is left out', () => {
  expect(oneLine('x'.repeat(1_000_000), 10)).toBe(`${'x'.repeat(10)}… 999,990 characters left out`);
});

test('a progress bar shows its last state', () => {
  expect(applyCarriageReturns(' 0%|\r50%|\r100%|\r\nnext')).toBe('100%|\nnext');
});

describe('clipping', () => {
  test('keeps both ends and counts the rest', () => {
    expect(clip('a'.repeat(50) + 'b'.repeat(50), 10, 20)).toEqual(['a'.repeat(10), 70, 'b'.repeat(20)]);
  });

  test('prefers line ends', () => {
    const middle = `two\n${'x'.repeat(90)}\n`;
    expect(clip(`one\n${middle}three\nfour`, 7, 12)).toEqual(['one\n', middle.length, 'three\nfour']);
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7])('never shows half a colour code (%i)', shift => {
    const [head, , tail] = clip(`${ESC}[38;5;28mx`.repeat(100) + 'y'.repeat(shift), 31, 40);
    const shown = [...runs(head), ...runs(tail)].map(run => run.text).join('');
    expect(shown).toMatch(/^[xy]+$/);
  });
});

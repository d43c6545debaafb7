/** The card says what the text and the HTML of the package say. */

import { expect, test } from 'vitest';

import * as words from '../../src/model/words';
import { NO_HEAD } from '../../src/protocol/figures';
import type { Head } from '../../src/protocol/figures';
import { clock, share, ticking } from '../../src/ui/formatting';

function head(facts: Partial<Head>): Head {
  return { ...NO_HEAD, ...facts };
}

test.each([
  [null, '–'],
  [NaN, '–'],
  [0.0042, '4 ms'],
  [0.0025, '2 ms'],
  [0.0995, '0.1 s'],
  [0.25, '0.2 s'],
  [9.94, '9.9 s'],
  [9.95, '0:10'],
  [23.4, '0:23'],
  [3723, '1:02:03'],
  [183_845, '2 d 03:04:05'],
  [-0.5, '−0.5 s']
])('%s seconds are written %s', (seconds, text) => {
  expect(clock(seconds)).toBe(text);
});

test('a time span that grows has whole seconds', () => {
  expect([0.9, 59.99, 3600].map(ticking)).toEqual(['0:00', '0:59', '1:00:00']);
});

test('a little is never shown as nothing', () => {
  expect([0, 0.001, 0.93].map(share)).toEqual(['0 %', '< 1 %', '93 %']);
});

test('engines are named in spans', () => {
  expect(words.engines([3, 1, 0, 2, 7, null])).toBe('engines 0–3, 7');
  expect(words.engines([4])).toBe('engine 4');
  expect(words.engines([])).toBe('');
  expect(words.engines(['engines 0–3'])).toBe('engines 0–3');
  expect(words.engines([0, 2, 4, 6, 8, 10, 12, 14, 16, 18])).toBe(
    'engines 0, 2, 4, 6, 8, 10, 12, 14 and 2 more'
  );
});

test('progress is counted in inputs, and at the end in tasks', () => {
  expect(words.progress(head({ total: 1000, done: 412, messages: 1000 }))).toBe('412 of 1,000');
  expect(words.progress(head({ total: 1000, finished: true, messages: 1000 }))).toBe('1,000 tasks');
  expect(words.progress(head({ total: 20_000, finished: true, messages: 128 }))).toBe(
    '20,000 tasks in 128 messages'
  );
  expect(words.progress(head({}))).toBe('no tasks');
});

test('states that hold nothing are not counted', () => {
  const counts = words.counts(head({ ok: 398, failed: 14, running: 8, queued: 580 }));
  expect(counts.map(count => count.phrase)).toEqual(['398 ok', '14 failed', '8 running', '580 queued']);
  const lost = words.counts(head({ state: 'lost', ok: 3, running: 8, queued: 580 }));
  expect(lost.map(count => count.phrase)).toEqual(['3 ok', '588 lost contact']);
});

test('an ETA is a range, or one time where both ends are the same', () => {
  expect(words.eta(head({}), [31.2, 38.7])).toBe('about 0:31 – 0:38 left');
  expect(words.eta(head({}), [3.1, 3.9])).toBe('about 0:03 left');
  expect(words.eta(head({ finished: true }), [3, 4])).toBe('');
});

test.each([
  [17.9, '17.9 tasks/s'],
  [1234.5, '1,234 tasks/s'],
  [0.2, '12.0 tasks/min'],
  [0.001, '3.6 tasks/h'],
  [0, '']
])('%s tasks a second are written %s', (throughput, text) => {
  expect(words.throughput(head({ throughput }))).toBe(text);
});

test('rates say what was gained', () => {
  const facts = { finished: true, serial_time: 422.4, speedup: 7.44, efficiency: 0.93, throughput: 17.9 };
  expect(words.rates(head(facts), 8)).toEqual([
    '17.9 tasks/s',
    'computed 7:02',
    'speed-up 7.4 on 8 engines (93 %)'
  ]);
  expect(words.rates(head({ speedup: 0.0123 }), 1)).toEqual(['speed-up 0.012 on 1 engine']);
});

test('one task shows its value, or its state', () => {
  expect(words.outcome(head({ finished: true, ok: 1, value: '41872' }))).toBe('→ 41872');
  expect(words.outcome(head({ running: 1 }))).toBe('running');
  expect(words.outcome(head({ finished: true, ok: 1 }))).toBe('done');
});

test('another day has its date', () => {
  const at = new Date(2026, 10, 23, 14, 3).getTime() / 1000;
  expect(words.moment(at, new Date(2026, 10, 23, 18))).toBe('14:03');
  expect(words.moment(at, new Date(2026, 10, 24, 9))).toBe('14:03 on 2026-11-23');
});

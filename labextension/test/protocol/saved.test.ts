/** Check of saved results. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { NEWER, UNREADABLE, checkSaved } from '../../src/protocol/saved';
import { NONSENSE } from './nonsense';

const golden = JSON.parse(readFileSync('../tests/data/mime.json', 'utf8')) as Record<string, unknown>;

/** Required fields. */
const REQUIRED = Object.keys(golden).filter(key => !/^(engines|failures)_total$/.test(key));

describe('a saved result', () => {
  test('from the golden file, which pytest reads too, is valid', () => {
    const read = checkSaved(golden);
    expect(read.ok).toBe(true);
    if (!read.ok) return;
    expect(read.value.id).toBe(golden.id);
    expect(read.value.total).toBe(golden.total);
    expect(read.value.engines).toHaveLength((golden.engines as unknown[]).length);
  });

  test.each(NONSENSE.map(value => [String(value), value]))('%s is unreadable', (_, value) => {
    expect(checkSaved(value)).toEqual({ ok: false, error: UNREADABLE });
  });

  test('of a later version is reported as such', () => {
    expect(checkSaved({ ...golden, version: 3 })).toEqual({ ok: false, error: NEWER });
  });

  test.each(REQUIRED)('without %s is unreadable', key => {
    const { [key]: _, ...rest } = golden;
    expect(checkSaved(rest)).toEqual({ ok: false, error: UNREADABLE });
  });

  test.each(Object.keys(golden))('with %s of a wrong type never throws', key => {
    for (const value of NONSENSE) expect(checkSaved({ ...golden, [key]: value })).toHaveProperty('ok');
  });

  test('may have fields of a later version', () => {
    expect(checkSaved({ ...golden, mood: 'fine' }).ok).toBe(true);
  });

  test('with columns of different lengths is unreadable', () => {
    const timeline = { ...(golden.timeline as object), slot: [] };
    expect(checkSaved({ ...golden, timeline }).ok).toBe(false);
  });
});

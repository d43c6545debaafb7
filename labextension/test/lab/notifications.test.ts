/** Notifications of long results. */

import { beforeEach, describe, expect, test } from 'vitest';

import type { ResultEntry } from '../../src/kernel/kernels';
import { addNotifications } from '../../src/lab/notifications';
import type { Head } from '../../src/protocol/figures';
import { FAILED, FakeKernels, entry } from '../panel/fake-kernels';

describe('notifications', () => {
  const shown: string[] = [];
  let source: FakeKernels;
  let visible = false;
  const settings = { notifications: true };

  beforeEach(() => {
    shown.length = 0;
    visible = false;
    source = new FakeKernels();
    settings.notifications = true;
    addNotifications(source.kernels, settings, () => visible, text => shown.push(text));
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
    settings.notifications = false;
    changes(entry('b', { elapsed: 80 }), { ...FAILED, elapsed: 80 });
    expect(shown).toEqual([]);
  });
});

/** Notifications of long results that end or begin to fail out of sight. No DOM. */

import type { ResultEntry, Kernels } from '../kernel/kernels';
import type { ResultModel } from '../model/result';
import * as words from '../model/words';
import { lossesOf } from '../panel/summary';

/** Seconds: of a shorter result its user has seen the end. */
const MIN_ELAPSED = 10;

export type Notify = (text: string, type: 'success' | 'error' | 'warning', entry: ResultEntry) => void;

/** Notify of the results of all kernels; `isVisible` says whether a kernel's notebook or console is in view. */
export function addNotifications(
  kernels: Kernels,
  settings: { readonly notifications: boolean },
  isVisible: (kernel: string) => boolean,
  notify: Notify
): void {
  const seen = new WeakMap<ResultModel, { finished: boolean; failed: boolean }>();
  kernels.updated.connect(() => {
    for (const entry of kernels.all()) {
      const { model } = entry;
      const { head } = model;
      const now = { finished: head.finished, failed: head.failed > 0 };
      const before = seen.get(model);
      if (before?.finished === now.finished && before.failed === now.failed) continue;
      seen.set(model, now);
      // A result that had ended before this page saw it is no news.
      if (before?.finished !== false || !settings.notifications) continue;
      if (head.elapsed < MIN_ELAPSED || isVisible(entry.kernel)) continue;
      if (now.finished) notify(endText(model), head.state === 'done' ? 'success' : 'warning', entry);
      else if (now.failed) notify(failureText(model), 'error', entry);
    }
  });
}

function endText({ head }: ResultModel): string {
  const how = lossesOf(head) || words.progress(head);
  return `${words.resultName(head)} has ended: ${[how, ...words.times(head, head.elapsed)].join(', ')}`;
}

function failureText({ head, failures }: ResultModel): string {
  const first = failures[0];
  return `${words.resultName(head)} has a first failure${first ? `: ${words.failureTitle(first)}` : ''}`;
}

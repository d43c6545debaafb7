/** Notifications of long results that end or begin to fail out of sight. No DOM. */

import type { ResultEntry, Kernels } from '../kernel/kernels';
import type { ResultModel } from '../model/result';
import * as words from '../model/words';
import { lossesOf } from '../panel/summary';

/** Seconds: of a shorter result its user has seen the end. */
const MIN_ELAPSED = 10;

export type Notify = (text: string, type: 'success' | 'error' | 'warning', entry: ResultEntry) => void;

export class Notifier {
  enabled = true;
  readonly #kernels: Kernels;
  readonly #isVisible: (kernel: string) => boolean;
  readonly #notify: Notify;
  #seen = new WeakMap<ResultModel, { finished: boolean; failed: boolean }>();

  constructor(kernels: Kernels, isVisible: (kernel: string) => boolean, notify: Notify) {
    this.#kernels = kernels;
    this.#isVisible = isVisible;
    this.#notify = notify;
    kernels.updated.connect(this.#check, this);
  }

  #check(): void {
    for (const entry of this.#kernels.all()) {
      const { model } = entry;
      const { head } = model;
      const now = { finished: head.finished, failed: head.failed > 0 };
      const before = this.#seen.get(model);
      if (before?.finished === now.finished && before.failed === now.failed) continue;
      this.#seen.set(model, now);
      // A result that had ended before this page saw it is no news.
      if (before?.finished !== false || !this.enabled) continue;
      if (head.elapsed < MIN_ELAPSED || this.#isVisible(entry.kernel)) continue;
      if (now.finished) this.#notify(endText(model), head.state === 'done' ? 'success' : 'warning', entry);
      else if (now.failed) this.#notify(failureText(model), 'error', entry);
    }
  }
}

function endText({ head }: ResultModel): string {
  const how = lossesOf(head) || words.progress(head);
  return `${words.resultName(head)} has ended: ${[how, ...words.times(head, head.elapsed)].join(', ')}`;
}

function failureText({ head, failures }: ResultModel): string {
  const first = failures[0];
  return `${words.resultName(head)} has a first failure${first ? `: ${words.failureTitle(first)}` : ''}`;
}

/** Tells of long results that end or begin to fail where nobody looks. No DOM. */

import type { IDisposable } from '@lumino/disposable';

import { lost } from '../panel/summary';
import type { Entry, Links } from '../kernel/kernels';
import type { ResultModel } from '../model/result';
import * as words from '../model/words';

/** Seconds; what is over sooner was waited for. */
const LONG = 10;

export type Tell = (text: string, kind: 'success' | 'error' | 'warning', entry: Entry) => void;

interface Known {
  finished: boolean;
  failed: boolean;
}

export class Notices implements IDisposable {
  /** Whether anything is told. */
  enabled = true;
  readonly #links: Links;
  readonly #visible: (kernel: string) => boolean;
  readonly #tell: Tell;
  #known = new WeakMap<ResultModel, Known>();
  #disposed = false;

  constructor(links: Links, visible: (kernel: string) => boolean, tell: Tell) {
    this.#links = links;
    this.#visible = visible;
    this.#tell = tell;
    links.updated.connect(this.#look, this);
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  dispose(): void {
    this.#disposed = true;
    this.#links.updated.disconnect(this.#look, this);
  }

  #look(): void {
    for (const entry of this.#links.all()) {
      const { model } = entry;
      const { head } = model;
      const now = { finished: head.finished, failed: head.failed > 0 };
      const before = this.#known.get(model);
      if (before?.finished === now.finished && before.failed === now.failed) continue;
      this.#known.set(model, now);
      // what had ended before this page saw it is no news
      if (before?.finished !== false || !this.enabled) continue;
      if (head.elapsed < LONG || this.#visible(entry.kernel)) continue;
      if (now.finished) this.#tell(ended(model), head.failed + head.aborted ? 'warning' : 'success', entry);
      else if (now.failed) this.#tell(failing(model), 'error', entry);
    }
  }
}

function ended({ head }: ResultModel): string {
  const how = lost(head) || words.progress(head);
  return `${words.name(head)} has ended: ${how}, ${words.times(head, head.elapsed).join(', ')}`;
}

function failing({ head, failures }: ResultModel): string {
  const first = failures[0];
  return `${words.name(head)} has a first failure${first ? `: ${words.failure(first)}` : ''}`;
}

/** Registry of one kernel's results. No DOM. */

import { ResultModel } from '../model/result';
import type { ResultUpdate } from '../protocol/messages';
import type { Requester } from '../protocol/replies';

export class KernelResults {
  readonly models = new Map<string, ResultModel>();

  /** `request` sends the requests of all results. */
  constructor(private readonly request: Requester) {}

  /** Apply an update; true if the result is new. */
  apply(update: ResultUpdate, full: boolean): boolean {
    const known = this.models.get(update.id);
    const model = known ?? new ResultModel(update.id);
    this.models.set(update.id, model);
    model.request = this.request;
    model.connection = 'live';
    model.apply(update, full);
    return !known;
  }

  /** Remove results that the kernel no longer has; a card that shows one keeps its model. True if any was here. */
  remove(ids: Iterable<string>): boolean {
    const before = this.models.size;
    for (const id of ids) {
      const model = this.models.get(id);
      if (!model) continue;
      this.models.delete(id);
      model.request = null;
      if (model.connection === 'live') model.connection = 'static';
    }
    return this.models.size < before;
  }

  /** Remove all but these. */
  retain(ids: ReadonlySet<string>): boolean {
    return this.remove([...this.models.keys()].filter(id => !ids.has(id)));
  }

  /** Mark all results as disconnected or unloaded, without requests. */
  freeze(connection: 'disconnected' | 'unloaded'): void {
    for (const model of this.models.values()) {
      model.request = null;
      model.connection = connection;
    }
  }
}

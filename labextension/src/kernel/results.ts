/** The results that one kernel tells of: taken in, left alone when it is gone, forgotten. No DOM. */

import { ResultCommands } from './result-commands';
import type { Requester } from './request';
import { ResultModel } from '../model/result';
import type { ResultUpdate } from '../protocol/messages';

export class Known {
  readonly #asked: Requester;
  readonly #models = new Map<string, ResultModel>();

  /** `asked` is where the commands of a result go. */
  constructor(asked: Requester) {
    this.#asked = asked;
  }

  get all(): Iterable<ResultModel> {
    return this.#models.values();
  }

  find(id: string): ResultModel | undefined {
    return this.#models.get(id);
  }

  /** Take in what is told of a result; returns whether it is a new one. */
  take(update: ResultUpdate, full: boolean): boolean {
    let model = this.#models.get(update.id);
    const fresh = !model;
    if (!model) {
      model = new ResultModel(update.id);
      this.#models.set(update.id, model);
    }
    model.commands ??= new ResultCommands(this.#asked, update.id);
    model.connection = 'live';
    model.apply(update, full);
    return fresh;
  }

  /** The kernel no longer knows these; a card that shows one keeps what it has. Returns whether any was known. */
  forget(ids: Iterable<string>): boolean {
    let any = false;
    for (const id of ids) {
      const model = this.#models.get(id);
      if (!model) continue;
      this.#models.delete(id);
      model.commands = null;
      model.connection = model.connection === 'live' ? 'static' : model.connection;
      any = true;
    }
    return any;
  }

  /** Forget all but these. */
  keep(named: ReadonlySet<string>): boolean {
    return this.forget([...this.#models.keys()].filter(id => !named.has(id)));
  }

  /** Nothing that is known moves any more, or can be acted upon. */
  rest(connection: 'disconnected' | 'unloaded'): void {
    for (const model of this.#models.values()) {
      model.commands = null;
      model.connection = connection;
    }
  }

  clear(): void {
    this.#models.clear();
  }
}

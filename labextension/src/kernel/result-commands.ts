/** Requests about one result, sent over the link to its kernel. */

import type { Commands } from '../model/result';
import type { Action, ActionOptions } from '../protocol/actions';
import type { BundleReply, OutputsReply, TaskReply } from '../protocol/replies';
import type { Requester } from './request';

export class ResultCommands implements Commands {
  readonly #requester: Requester;
  readonly #result: string;

  constructor(requester: Requester, result: string) {
    this.#requester = requester;
    this.#result = result;
  }

  async run(action: Action, options: ActionOptions = {}): Promise<void> {
    await this.#requester.request({ type: action, result: this.#result, ...options });
  }

  task(position: number, limit?: number): Promise<TaskReply> {
    const bounds = limit === undefined ? {} : { limit };
    return this.#requester.request({ type: 'task', result: this.#result, position, ...bounds });
  }

  async traceback(n: number): Promise<string> {
    return (await this.#requester.request({ type: 'traceback', result: this.#result, group: n })).traceback;
  }

  outputs(): Promise<OutputsReply> {
    return this.#requester.request({ type: 'outputs', result: this.#result });
  }

  bundle(): Promise<BundleReply> {
    return this.#requester.request({ type: 'bundle', result: this.#result });
  }

  async watch(): Promise<void> {
    await this.#requester.request({ type: 'watch', result: this.#result });
  }
}

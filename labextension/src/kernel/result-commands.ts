/** What can be asked of one result, over the link to its kernel. */

import type { Requester } from './request';
import type { Commands } from '../model/result';
import type { ExportFormat } from '../protocol/actions';
import type { BundleReply, OutputsReply, TaskReply } from '../protocol/replies';

export class CommandsOf implements Commands {
  readonly #link: Requester;
  readonly #result: string;

  constructor(link: Requester, result: string) {
    this.#link = link;
    this.#result = result;
  }

  async cancel(): Promise<void> {
    await this.#link.request({ type: 'cancel', result: this.#result });
  }

  async interrupt(): Promise<void> {
    await this.#link.request({ type: 'interrupt', result: this.#result });
  }

  async retry(indices?: number[]): Promise<void> {
    await this.#link.request({ type: 'retry', result: this.#result, ...(indices ? { indices } : {}) });
  }

  async exportAs(format: ExportFormat): Promise<void> {
    await this.#link.request({ type: 'export', result: this.#result, format });
  }

  task(position: number, limit?: number): Promise<TaskReply> {
    const wanted = limit === undefined ? {} : { limit };
    return this.#link.request({ type: 'task', result: this.#result, position, ...wanted });
  }

  async traceback(n: number): Promise<string> {
    return (await this.#link.request({ type: 'traceback', result: this.#result, group: n })).traceback;
  }

  outputs(): Promise<OutputsReply> {
    return this.#link.request({ type: 'outputs', result: this.#result });
  }

  bundle(): Promise<BundleReply> {
    return this.#link.request({ type: 'bundle', result: this.#result });
  }

  async watch(): Promise<void> {
    await this.#link.request({ type: 'watch', result: this.#result });
  }
}

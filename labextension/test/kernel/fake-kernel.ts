/** Fake kernel connection: records requests, and sends the replies and messages that a test wants. */

import { Signal } from '@lumino/signaling';
import type { Kernel, KernelMessage } from '@jupyterlab/services';

import { PROTOCOL, TARGET } from '../../src/protocol/types';

interface Content {
  type: string;
  request: string;
  [key: string]: unknown;
}

export class FakeKernel {
  readonly clientId = 'page';
  readonly username = '';
  status: Kernel.Status = 'idle';
  connectionStatus: Kernel.ConnectionStatus = 'connected';
  readonly statusChanged = new Signal<this, Kernel.Status>(this);
  readonly connectionStatusChanged = new Signal<this, Kernel.ConnectionStatus>(this);
  readonly iopubMessage = new Signal<this, KernelMessage.IIOPubMessage>(this);
  /** Contents of the requests, oldest first. */
  readonly requests: Content[] = [];
  /** Number of futures without reply that are not disposed. */
  openFutures = 0;
  /** Whether it has the package loaded; null where it does not reply. */
  loaded: boolean | null = true;
  /** Number of queries for its comms. */
  queries = 0;
  session = 'first';
  seq = 0;
  #replies = new Map<string, (content: object) => void>();
  #cancels: (() => void)[] = [];

  get connection(): Kernel.IKernelConnection {
    return this as unknown as Kernel.IKernelConnection;
  }

  sendControlMessage(message: { header: { msg_type: string }; content: Content }): object {
    const { content } = message;
    const isQuery = message.header.msg_type === 'comm_info_request';
    if (isQuery) this.queries += 1;
    else this.requests.push(content);
    this.openFutures += 1;
    let fail: (error: Error) => void = () => undefined;
    const done = new Promise((_, reject) => {
      fail = reject;
    });
    const future = {
      done,
      onReply: (_: object): void => undefined,
      dispose: (): void => {
        this.openFutures -= 1;
      }
    };
    this.#cancels.push(() => {
      fail(new Error('Canceled'));
    });
    const send = (reply: object): void => {
      this.openFutures -= 1;
      future.onReply({ content: reply });
    };
    if (!isQuery) this.#replies.set(content.request, send);
    else if (this.loaded !== null) {
      const comms = { w: { target_name: 'jupyter.widget' }, ...(this.loaded && { c: { target_name: TARGET } }) };
      void Promise.resolve().then(() => { send({ status: 'ok', comms }); });
    }
    return future;
  }

  /** Requests of one type. */
  requestsOf(type: string): Content[] {
    return this.requests.filter(request => request.type === type);
  }

  /** Reply to the newest request of a type. */
  async reply(type: string, content: object = {}): Promise<void> {
    const request = this.requestsOf(type).at(-1);
    if (!request) throw new Error(`no request ${type}`);
    const send = this.#replies.get(request.request);
    send?.({ protocol: PROTOCOL, request: request.request, status: 'ok', ...content });
    await flushPromises();
  }

  async replyToHello(): Promise<void> {
    await flushPromises(); // the query before it is answered
    return this.reply('hello', { comm_id: 'c', session: this.session, version: '1', seq: this.seq });
  }

  /** Send data on the comm, with the next number unless they have one. */
  send(data: object): void {
    this.seq += 1;
    const numbered = { protocol: PROTOCOL, session: this.session, seq: this.seq, ...data };
    this.#emit('comm_msg', { comm_id: 'c', data: numbered });
  }

  sendFullState(...ids: string[]): void {
    this.send({ type: 'update', full: true, last: true, results: ids.map(id => ({ id, head: {} })), gone: [] });
  }

  sendDelta(id: string, head: object = {}, gone: string[] = []): void {
    this.send({ type: 'update', full: false, results: [{ id, head }], gone });
  }

  openComm(session: string): void {
    this.session = session;
    this.seq = 0;
    this.#emit('comm_open', { comm_id: 'c', target_name: TARGET, data: {} });
  }

  setStatus(status: Kernel.Status): void {
    this.status = status;
    this.statusChanged.emit(status);
  }

  setConnectionStatus(status: Kernel.ConnectionStatus): void {
    this.connectionStatus = status;
    this.connectionStatusChanged.emit(status);
  }

  /** JupyterLab cancels all futures when a kernel restarts. */
  async cancelFutures(): Promise<void> {
    for (const cancel of this.#cancels) cancel();
    await flushPromises();
  }

  #emit(msg_type: string, content: object): void {
    const message = { header: { msg_type }, content };
    this.iopubMessage.emit(message as unknown as KernelMessage.IIOPubMessage);
  }
}

/** Let all settled promises run their callbacks. */
export async function flushPromises(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

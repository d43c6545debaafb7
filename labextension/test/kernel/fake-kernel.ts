/** A kernel connection that a test plays: it records what is asked, and tells what the test says. */

import { Signal } from '@lumino/signaling';
import type { Kernel, KernelMessage } from '@jupyterlab/services';

import type { KernelConnection } from '../../src/kernel/kernel-link';
import { PROTOCOL, TARGET } from '../../src/protocol/types';

interface Question {
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
  /** What was asked, oldest first. */
  readonly asked: Question[] = [];
  /** Futures that nobody has disposed. */
  open = 0;
  session = 'first';
  seq = 0;
  #answers = new Map<string, (content: object) => void>();
  #losses: (() => void)[] = [];

  get connection(): KernelConnection {
    return this as unknown as KernelConnection;
  }

  sendControlMessage(message: { content: Question }): object {
    const { content } = message;
    this.asked.push(content);
    this.open += 1;
    let fail: (error: Error) => void = () => undefined;
    const done = new Promise((_, reject) => {
      fail = reject;
    });
    const future = {
      done,
      onReply: (_: object): void => undefined,
      dispose: (): void => {
        this.open -= 1;
      }
    };
    this.#losses.push(() => {
      fail(new Error('Canceled'));
    });
    this.#answers.set(content.request, reply => {
      this.open -= 1;
      future.onReply({ content: reply });
    });
    return future;
  }

  /** Questions of one type. */
  of(type: string): Question[] {
    return this.asked.filter(question => question.type === type);
  }

  /** Answer the newest question of a type. */
  async answer(type: string, content: object = {}): Promise<void> {
    const question = this.of(type).at(-1);
    if (!question) throw new Error(`nobody asked ${type}`);
    const answer = this.#answers.get(question.request);
    answer?.({ protocol: PROTOCOL, request: question.request, status: 'ok', ...content });
    await settled();
  }

  hello(): Promise<void> {
    return this.answer('hello', { comm_id: 'c', session: this.session, version: '1', seq: this.seq });
  }

  /** Tell something on the comm, under the next number unless the data have one. */
  tell(data: object, buffers: ArrayBuffer[] = []): void {
    this.seq += 1;
    const numbered = { protocol: PROTOCOL, session: this.session, seq: this.seq, ...data };
    this.#emit('comm_msg', { comm_id: 'c', data: numbered }, buffers);
  }

  full(...ids: string[]): void {
    this.tell({ type: 'update', full: true, last: true, results: ids.map(id => ({ id, head: {} })), gone: [] });
  }

  delta(id: string, head: object = {}, gone: string[] = []): void {
    this.tell({ type: 'update', full: false, results: [{ id, head }], gone });
  }

  opens(session: string): void {
    this.session = session;
    this.seq = 0;
    this.#emit('comm_open', { comm_id: 'c', target_name: TARGET, data: {} });
  }

  becomes(status: Kernel.Status): void {
    this.status = status;
    this.statusChanged.emit(status);
  }

  connects(status: Kernel.ConnectionStatus): void {
    this.connectionStatus = status;
    this.connectionStatusChanged.emit(status);
  }

  /** Lab cancels all futures when a kernel restarts. */
  async losesFutures(): Promise<void> {
    for (const lose of this.#losses) lose();
    await settled();
  }

  #emit(msg_type: string, content: object, buffers: ArrayBuffer[] = []): void {
    const message = { header: { msg_type }, content, buffers };
    this.iopubMessage.emit(message as unknown as KernelMessage.IIOPubMessage);
  }
}

/** Lets everything that was answered be taken in. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

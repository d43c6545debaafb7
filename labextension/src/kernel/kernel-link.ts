/** The link to one kernel: says hello, takes in what the kernel tells, keeps its results. No DOM. */

import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { Aside } from './second-connection';
import type { Opened } from './second-connection';
import { ask, PATIENCE } from './request';
import type { Requester } from './request';
import { Known } from './results';
import { checkMessage } from '../protocol/messages';
import type { CommMessage, UpdateMessage } from '../protocol/messages';
import type { Reply, Request } from '../protocol/replies';
import { PROTOCOL, TARGET } from '../protocol/types';
import type { ResultModel } from '../model/result';
import { Sequence } from './sequence';

/** What is used of a kernel connection; it may be replaced by another one to the same kernel. */
export type Connected = Pick<
  Kernel.IKernelConnection,
  | 'clientId'
  | 'username'
  | 'status'
  | 'connectionStatus'
  | 'statusChanged'
  | 'connectionStatusChanged'
  | 'iopubMessage'
  | 'sendControlMessage'
>;

export interface LinkOptions {
  /** The kernel's id. */
  id: string;
  /** Names this page to the kernel. */
  client: string;
  /** Updates a second that are wanted. */
  rate: number;
  /** Opens a second connection to the kernel; null where that is not known to run. */
  aside?: () => Opened | null;
}

/** A kernel that is busy with its very start answers late; nobody waits for a hello. */
const HELLO_PATIENCE = 2 * PATIENCE;

export class Link implements IDisposable, Requester {
  readonly id: string;
  /** Emitted after every message that told something. */
  readonly updated = new Signal<this, void>(this);
  /** Emitted when results came or went. */
  readonly listed = new Signal<this, void>(this);
  /** Emitted when a kernel has not answered the first hello: it has nothing of ours, so far. */
  readonly silent = new Signal<this, void>(this);

  constructor(options: LinkOptions) {
    this.id = options.id;
    this.#client = options.client;
    this.#rate = options.rate;
    const ready = (): void => {
      this.#hello();
    };
    this.#aside = new Aside(() => options.aside?.() ?? null, ready);
  }

  get results(): Iterable<ResultModel> {
    return this.#known.all;
  }

  find(id: string): ResultModel | undefined {
    return this.#known.find(id);
  }

  /** Whether the kernel has ipar_results loaded, as far as is known. */
  get alive(): boolean {
    return this.#session !== null;
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  set rate(rate: number) {
    if (rate === this.#rate) return;
    this.#rate = rate;
    if (this.alive) this.#hello();
  }

  /** Go on over this connection; what is known stays. */
  use(kernel: Connected): void {
    if (kernel === this.#kernel) return;
    this.#leave();
    this.#sequence.lose();
    this.#kernel = kernel;
    kernel.statusChanged.connect(this.#onStatus, this);
    kernel.connectionStatusChanged.connect(this.#onConnection, this);
    kernel.iopubMessage.connect(this.#onMessage, this);
    this.#hello();
  }

  /** Ask the kernel something; rejects with an Error whose message is a sentence to show. */
  request<R extends Request>(request: R, patience?: number): Promise<Reply<R['type']>> {
    const kernel = this.#kernel;
    if (kernel?.connectionStatus !== 'connected') {
      return Promise.reject(new Error('The kernel is not connected.'));
    }
    return ask(this.#aside.connection ?? kernel, request, patience);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#lose();
    this.#leave();
    this.#aside.dispose();
    this.#known.clear();
    Signal.clearData(this);
  }

  #leave(): void {
    this.#kernel?.statusChanged.disconnect(this.#onStatus, this);
    this.#kernel?.connectionStatusChanged.disconnect(this.#onConnection, this);
    this.#kernel?.iopubMessage.disconnect(this.#onMessage, this);
    this.#kernel = null;
    this.#answered = false;
  }

  #onStatus(_: unknown, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting' || status === 'dead') this.#lose();
  }

  #onConnection(_: unknown, status: Kernel.ConnectionStatus): void {
    if (status === 'connected') this.#hello();
    else this.#lose();
  }

  /** The kernel is gone, or out of reach: nothing that is known of it moves any more. */
  #lose(): void {
    this.#session = null;
    this.#attempt += 1;
    this.#answered = false;
    this.#aside.leave();
    this.#sequence.lose();
    this.#rest();
    this.#known.rest('disconnected');
    this.updated.emit();
  }

  #hello(): void {
    const kernel = this.#kernel;
    if (kernel?.connectionStatus !== 'connected' || kernel.status === 'dead') return;
    const attempt = ++this.#attempt;
    const over = this.#aside.connection ?? kernel;
    this.#asked = Date.now();
    const said = ask(over, { type: 'hello', client: this.#client, rate: this.#rate }, HELLO_PATIENCE);
    said.then(
      ({ session }) => {
        if (over === this.#kernel) this.#prompt();
        if (attempt !== this.#attempt) return;
        if (session !== this.#session) this.#begin(session);
        // a hello brings the full state
        this.#sequence.restarts();
        if (!this.#sequence.whole) this.#expect(1);
      },
      () => {
        if (attempt === this.#attempt && !this.alive) this.silent.emit();
      }
    );
  }

  /** What is asked over the kernel's own connection is answered. */
  #prompt(): void {
    this.#answered = true;
    this.#aside.leave();
  }

  #onMessage(_: unknown, message: KernelMessage.IIOPubMessage): void {
    const { msg_type } = message.header;
    if (msg_type === 'comm_open') {
      if ((message.content as KernelMessage.ICommOpenMsg['content']).target_name === TARGET) this.#hello();
    } else if (msg_type === 'comm_msg') {
      const data = (message.content as KernelMessage.ICommMsgMsg['content']).data as ReadonlyJSONObject | null;
      // a quick look first: many other messages pass here
      if (data?.protocol !== PROTOCOL || typeof data.session !== 'string') return;
      const checked = checkMessage(data, message.buffers);
      if (checked.ok) this.#receive(checked.value);
      else this.#misread(data, checked.error);
    }
  }

  #receive(message: CommMessage): void {
    if (message.session !== this.#session) {
      this.#begin(message.session);
      if (message.type !== 'bye') {
        // it is there and tells, so that it would answer had it been asked
        if (!this.#answered) this.#aside.expect(this.#asked);
        this.#hello();
      }
    }
    if (!this.#sequence.counts(message.seq)) return;
    if (message.type === 'update') this.#update(message);
    else if (message.type === 'outcome') this.#known.find(message.result)?.outcome.emit(message);
    else this.#goodbye();
  }

  /** Leave a message out, but count it: what follows is whole. */
  #misread({ session, seq, full }: ReadonlyJSONObject, why: string): void {
    if (!this.#misreads++) console.warn(`ipar_results: a message of the kernel was left out: ${why}`);
    this.#sequence.skips(session === this.#session && typeof seq === 'number' ? seq : null, full === true);
    this.#expect();
  }

  /** Another session: the kernel was restarted, or the package loaded anew. */
  #begin(session: string): void {
    this.#session = session;
    this.#sequence.begin();
  }

  #update(message: UpdateMessage): void {
    const taken = this.#sequence.takes(message);
    if (this.#sequence.wanting) this.#expect();
    if (!taken) return;
    let listed = false;
    for (const update of message.results) listed = this.#known.take(update, message.full) || listed;
    listed = this.#known.forget(message.gone) || listed;
    const named = this.#sequence.ends(message);
    if (named) {
      this.#rest();
      listed = this.#known.keep(named) || listed;
    }
    if (listed) this.listed.emit();
    this.updated.emit();
  }

  #goodbye(): void {
    this.#known.rest('unloaded');
    this.#known.clear();
    this.#session = null;
    this.#sequence.lose();
    this.listed.emit();
    this.updated.emit();
  }

  /** Wait for the full state; ask for it at once, unless it was asked for, and again where it does not come. */
  #expect(asked = 0): void {
    if (this.#timer !== undefined) return;
    if (!asked) this.request({ type: 'snapshot' }).catch(() => undefined);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#sequence.whole || !this.alive || asked > 1) return;
      this.request({ type: 'snapshot' }).catch(() => undefined);
      this.#expect(2);
    }, PATIENCE);
  }

  /** Wait for nothing. */
  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #client: string;
  readonly #known = new Known(this);
  #rate: number;
  #kernel: Connected | null = null;
  /** The session that is followed; null where the kernel has nothing of ours. */
  #session: string | null = null;
  readonly #sequence = new Sequence();
  readonly #aside: Aside;
  /** Whether the kernel has answered over its own connection since that was made. */
  #answered = false;
  /** When the last hello was said. */
  #asked = 0;
  /** Counts hellos, so that a late answer to an earlier one is left alone. */
  #attempt = 0;
  #misreads = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #disposed = false;
}

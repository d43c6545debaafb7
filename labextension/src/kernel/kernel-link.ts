/** Link to one kernel with ipar_results: says hello, applies the messages of its comm, sends requests. No DOM. */

import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';

import { checkMessage, type CommMessage, type UpdateMessage } from '../protocol/messages';
import type { Reply, Request } from '../protocol/replies';
import { PROTOCOL, TARGET, VERSION } from '../protocol/types';
import { queryComm } from './comm-query';
import { createRequest, NOT_CONNECTED, REQUEST_TIMEOUT, type PendingRequest } from './request';
import { KernelResults } from './results';
import { SecondConnection } from './second-connection';
import { MessageSequence } from './sequence';

export interface KernelLinkOptions {
  /** Identifies this page to the kernel. */
  client: string;
  /** Requested updates a second. */
  rate: number;
  /** Open a second connection to the kernel. */
  openSecond?: () => Kernel.IKernelConnection;
}

/** Milliseconds; longer than other requests, because a kernel that has just started replies late. */
const HELLO_TIMEOUT = 2 * REQUEST_TIMEOUT;

export class KernelLink {
  readonly results = new KernelResults(request => this.request(request));
  /** Emitted after every message that changed something. */
  readonly updated = new Signal<this, void>(this);
  /** Emitted when results were added or removed. */
  readonly resultsChanged = new Signal<this, void>(this);
  /** Emitted when the kernel has not loaded ipar_results so far, or does not reply. */
  readonly absent = new Signal<this, void>(this);

  constructor(options: KernelLinkOptions) {
    this.#client = options.client;
    this.#rate = options.rate;
    this.#second = new SecondConnection(() => options.openSecond?.() ?? null, () => {
      if (this.isLoaded) this.#sendHello();
    });
  }

  /** Whether the kernel has ipar_results loaded, as far as is known. */
  get isLoaded(): boolean {
    return this.#session !== null;
  }

  set rate(rate: number) {
    if (rate === this.#rate) return;
    this.#rate = rate;
    if (this.isLoaded) this.#sendHello();
  }

  /** Use this connection from now on; the results stay. */
  connect(kernel: Kernel.IKernelConnection): void {
    if (kernel === this.#kernel) return;
    this.#detach();
    this.#sequence.invalidate();
    // The connection before this one may be closed now, so that no reply arrives over it.
    for (const pending of this.#pending) pending.withdraw();
    this.#kernel = kernel;
    kernel.statusChanged.connect(this.#onStatus, this);
    kernel.connectionStatusChanged.connect(this.#onConnectionStatus, this);
    kernel.iopubMessage.connect(this.#onMessage, this);
    if (kernel.connectionStatus === 'connected') this.#onConnected();
  }

  request<R extends Request>(request: R): Promise<Reply<R['type']>> {
    const status = this.#kernel?.connectionStatus ?? 'disconnected';
    if (status === 'disconnected') return Promise.reject(new Error(NOT_CONNECTED));
    const pending = createRequest(request);
    this.#pending.add(pending);
    const remove = (): unknown => this.#pending.delete(pending);
    pending.reply.then(remove, remove);
    if (status === 'connected') this.#send(pending);
    return pending.reply;
  }

  #send(pending: PendingRequest): void {
    const channel = this.#second.channel ?? this.#kernel;
    try {
      if (channel) pending.send(channel);
    } catch (error) {
      pending.fail(error as Error);
    }
  }

  dispose(): void {
    this.#onDisconnected();
    this.#detach();
    this.#second.dispose();
    for (const pending of this.#pending) pending.fail(new Error(NOT_CONNECTED));
    this.results.models.clear();
    Signal.clearData(this);
  }

  #detach(): void {
    Signal.disconnectReceiver(this);
    this.#kernel = null;
    this.#hasReplied = false;
  }

  #onStatus(_: unknown, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting' || status === 'dead') this.#onDisconnected();
  }

  #onConnectionStatus(_: unknown, status: Kernel.ConnectionStatus): void {
    if (status === 'connected') this.#onConnected();
    else this.#onDisconnected();
  }

  #onConnected(): void {
    if (this.isLoaded) this.#resume();
    else void this.#query();
  }

  /** Query the kernel, once for each connection: if it loads ipar_results later, it opens a comm then. */
  async #query(): Promise<void> {
    const kernel = this.#kernel;
    if (!kernel || kernel.status === 'dead') return;
    const attempt = ++this.#attempts;
    this.#askedAt = Date.now();
    const found = await queryComm(kernel, HELLO_TIMEOUT);
    if (found !== null) this.#onReply(kernel);
    if (attempt !== this.#attempts) return;
    if (found) this.#resume();
    else this.absent.emit();
  }

  #resume(): void {
    for (const pending of this.#pending) this.#send(pending);
    this.#sendHello();
  }

  /** The kernel's own connection is not blocked. */
  #onReply(channel: Kernel.IKernelConnection): void {
    if (channel !== this.#kernel) return;
    this.#hasReplied = true;
    this.#second.release();
  }

  #onDisconnected(): void {
    this.#session = null;
    this.#attempts += 1;
    this.#hasReplied = false;
    this.#second.release();
    this.#sequence.invalidate();
    this.#stopWaiting();
    this.results.freeze('disconnected');
    this.updated.emit();
  }

  #sendHello(): void {
    const kernel = this.#kernel;
    if (kernel?.connectionStatus !== 'connected' || kernel.status === 'dead') return;
    const attempt = ++this.#attempts;
    const channel = this.#second.channel ?? kernel;
    this.#askedAt = Date.now();
    const greeting = { type: 'hello', client: this.#client, rate: this.#rate, version: VERSION } as const;
    const request = createRequest(greeting, HELLO_TIMEOUT);
    request.send(channel);
    request.reply.then(
      ({ session }) => {
        this.#onReply(channel);
        if (attempt !== this.#attempts) return;
        if (session !== this.#session) this.#beginSession(session);
        // A hello makes the kernel send its full state.
        this.#sequence.expectFullState();
        if (!this.#sequence.complete) this.#awaitFullState(1);
      },
      () => {
        if (attempt === this.#attempts && !this.isLoaded) this.absent.emit();
      }
    );
  }

  #onMessage(_: unknown, message: KernelMessage.IIOPubMessage): void {
    const { msg_type } = message.header;
    if (msg_type === 'comm_open') {
      if ((message.content as KernelMessage.ICommOpenMsg['content']).target_name === TARGET) this.#sendHello();
    } else if (msg_type === 'comm_msg') {
      const data = (message.content as KernelMessage.ICommMsgMsg['content']).data as ReadonlyJSONObject | null;
      // A cheap test first: the messages of all other comms arrive here too.
      if (data?.protocol !== PROTOCOL || typeof data.session !== 'string') return;
      const checked = checkMessage(data);
      if (checked.ok) this.#receive(checked.value);
      else this.#skipUnreadable(data, checked.error);
    }
  }

  #receive(message: CommMessage): void {
    if (message.session !== this.#session) {
      this.#beginSession(message.session);
      if (message.type !== 'bye') {
        // The kernel is there and sends, so a connection that is not blocked would have brought a reply.
        if (!this.#hasReplied) this.#second.openUnlessReleased(this.#askedAt);
        this.#sendHello();
      }
    }
    if (!this.#sequence.accept(message.seq)) return;
    if (message.type === 'update') this.#applyUpdate(message);
    else if (message.type === 'outcome') this.results.models.get(message.result)?.outcome.emit(message);
    else this.#onBye();
  }

  #skipUnreadable({ session, seq, full }: ReadonlyJSONObject, error: string): void {
    if (!this.#unreadable++) console.warn(`ipar_results: a message of the kernel was left out: ${error}`);
    this.#sequence.skip(session === this.#session && typeof seq === 'number' ? seq : null, full === true);
    this.#awaitFullState();
  }

  /** The kernel was restarted, or the package loaded again. */
  #beginSession(session: string): void {
    this.#session = session;
    this.#sequence.restart();
  }

  #applyUpdate(message: UpdateMessage): void {
    const applies = this.#sequence.applies(message);
    if (this.#sequence.needsFullState) this.#awaitFullState();
    if (!applies) return;
    let changed = false;
    for (const update of message.results) changed = this.results.apply(update, message.full) || changed;
    changed = this.results.remove(message.gone) || changed;
    const fullState = this.#sequence.completed(message);
    if (fullState) {
      this.#stopWaiting();
      changed = this.results.retain(fullState) || changed;
    }
    if (changed) this.resultsChanged.emit();
    this.updated.emit();
  }

  #onBye(): void {
    this.results.freeze('unloaded');
    this.results.models.clear();
    this.#session = null;
    this.#sequence.invalidate();
    this.resultsChanged.emit();
    this.updated.emit();
  }

  /** Wait for the full state, after `requests` for it so far: request it where there was none, and once again. */
  #awaitFullState(requests = 0): void {
    if (this.#timer !== undefined) return;
    if (!requests) this.request({ type: 'snapshot' }).catch(() => undefined);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#sequence.complete || !this.isLoaded || requests > 1) return;
      this.request({ type: 'snapshot' }).catch(() => undefined);
      this.#awaitFullState(2);
    }, REQUEST_TIMEOUT);
  }

  #stopWaiting(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #client: string;
  #rate: number;
  #kernel: Kernel.IKernelConnection | null = null;
  /** The kernel's session of ipar_results; null where it is not loaded. */
  #session: string | null = null;
  readonly #sequence = new MessageSequence();
  readonly #second: SecondConnection;
  readonly #pending = new Set<PendingRequest>();
  /** Whether a reply has arrived over the kernel's own connection since that was made. */
  #hasReplied = false;
  #askedAt = 0;
  /** Counts queries and hellos, so that a late reply to an earlier one is ignored. */
  #attempts = 0;
  #unreadable = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * Second connection to a kernel, for requests while the first one is blocked: JupyterLab holds back what was sent
 * before a connection stood, and all that follows, until the kernel's first reply, which a running cell delays by 3 s.
 */

import type { Kernel } from '@jupyterlab/services';

import { REQUEST_TIMEOUT } from './request';

/** Milliseconds within which a connection that is not blocked brings a reply. */
export const PROMPT_REPLY = 300;
/** Milliseconds that a busy page gets to process a reply that has arrived. */
const PROCESSING_TIME = 50;

export class SecondConnection {
  /** `open` makes the connection, if it can; `onReady` is called once requests can be sent over it. */
  constructor(private readonly open: () => Kernel.IKernelConnection | null, private readonly onReady: () => void) {}

  /** Where to send requests; null where the first connection will do. */
  get channel(): Kernel.IKernelConnection | null {
    return this.#connection?.connectionStatus === 'connected' ? this.#connection : null;
  }

  /** Open the connection unless `release` reports a reply in time to what was sent at `sentAt`. */
  openUnlessReleased(sentAt: number): void {
    if (this.#connection) return;
    this.#timer ??= setTimeout(() => {
      this.#connection = this.open();
      this.#connection?.connectionStatusChanged.connect(this.#onStatus, this);
    }, Math.max(PROCESSING_TIME, sentAt + PROMPT_REPLY - Date.now()));
  }

  /** Close the connection, once replies to its pending requests have had time to arrive. */
  release(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const connection = this.#connection;
    if (!connection) return;
    this.#connection = null;
    this.#closing.add(connection);
    connection.connectionStatusChanged.disconnect(this.#onStatus, this);
    setTimeout(() => {
      if (this.#closing.delete(connection)) connection.dispose();
    }, REQUEST_TIMEOUT);
  }

  dispose(): void {
    this.release();
    for (const connection of this.#closing) connection.dispose();
    this.#closing.clear();
  }

  #onStatus(_: unknown, status: Kernel.ConnectionStatus): void {
    if (status === 'connected') this.onReady();
  }

  readonly #closing = new Set<Kernel.IKernelConnection>();
  #connection: Kernel.IKernelConnection | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
}

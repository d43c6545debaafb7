/**
 * A second connection to a kernel, while the first holds messages back: JupyterLab lets what had to wait for a
 * connection, and all that comes after it, wait for the kernel's first answer, which a running cell keeps for 3 s.
 */

import type { Kernel } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';

import { PATIENCE } from './request';
import type { Asked } from './request';

/** What is used of the second connection. */
export type Opened = Asked &
  IDisposable &
  Pick<Kernel.IKernelConnection, 'connectionStatus' | 'connectionStatusChanged'>;

/** A connection that is not held back is answered within this time, in milliseconds. */
export const PROMPT = 300;
/** The page may have been too busy to take in an answer that is there: it is given this time to. */
const BREATH = 50;

export class Aside implements IDisposable {
  /** `open` makes the connection, or none; `ready` hears when something can be asked over it. */
  constructor(open: () => Opened | null, ready: () => void) {
    this.#open = open;
    this.#ready = ready;
  }

  /** What to ask over; null where the first connection does. */
  get connection(): Asked | null {
    return this.#opened?.connectionStatus === 'connected' ? this.#opened : null;
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  /** An answer to what was asked then is due: open the second connection unless it comes, which `leave` tells. */
  expect(asked: number): void {
    if (this.#opened || this.#disposed) return;
    this.#timer ??= setTimeout(() => {
      this.#opened = this.#open();
      this.#opened?.connectionStatusChanged.connect(this.#onStatus, this);
    }, Math.max(BREATH, asked + PROMPT - Date.now()));
  }

  /** The first connection does; what was asked over the second one may still be answered. */
  leave(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const opened = this.#opened;
    if (!opened) return;
    this.#opened = null;
    this.#left.add(opened);
    opened.connectionStatusChanged.disconnect(this.#onStatus, this);
    setTimeout(() => {
      if (this.#left.delete(opened)) opened.dispose();
    }, PATIENCE);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.leave();
    for (const opened of this.#left) opened.dispose();
    this.#left.clear();
  }

  #onStatus(_: unknown, status: Kernel.ConnectionStatus): void {
    if (status === 'connected') this.#ready();
  }

  readonly #open: () => Opened | null;
  readonly #ready: () => void;
  readonly #left = new Set<Opened>();
  #opened: Opened | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #disposed = false;
}

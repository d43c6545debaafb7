/** The order of one kernel's messages: whether any was missed, and what a full state has named so far. */

import type { UpdateMessage } from '../protocol/messages';

export class Sequence {
  /** The number of the last message; null before the first of a session. */
  #seq: number | null = null;
  /** Whether nothing was missed since the last full state. */
  #whole = false;
  /** The results named by the parts of a full state so far. */
  #named: Set<string> | null = null;
  /** Whether a part of a full state may be among the messages that were missed. */
  #torn = false;

  get whole(): boolean {
    return this.#whole;
  }

  /** Whether somebody has to ask for the full state. */
  get wanting(): boolean {
    return !this.#whole && (this.#named === null || this.#torn);
  }

  /** Start with the messages of another session. */
  begin(): void {
    this.#seq = null;
    this.lose();
  }

  /** A full state is on its way from its beginning: what was missed before does not count. */
  restarts(): void {
    if (this.#whole || this.#named !== null) return;
    this.#seq = null;
    this.#torn = false;
  }

  /** What is known may be out of date. */
  lose(): void {
    this.#whole = false;
    this.#named = null;
  }

  /** Count a message; false where it came before. */
  counts(seq: number): boolean {
    if (this.#seq !== null) {
      if (seq <= this.#seq) return false;
      if (seq > this.#seq + 1) {
        this.lose();
        this.#torn = true;
      }
    }
    this.#seq = seq;
    return true;
  }

  /** A message could not be read: count it, so that what follows it is no gap. */
  skips(seq: number | null, full: boolean): void {
    this.#seq = seq ?? this.#seq;
    this.lose();
    this.#torn ||= full;
  }

  /** Whether an update is to be taken in: after a gap only a full state is. */
  takes({ full, results }: UpdateMessage): boolean {
    if (full) {
      this.#named ??= new Set();
      for (const { id } of results) this.#named.add(id);
    } else {
      this.#torn = false;
    }
    return full || this.#whole;
  }

  /** All results of a full state, once its last part has come and none was missed; else null. */
  ends({ last }: UpdateMessage): ReadonlySet<string> | null {
    if (!last || !this.#named) return null;
    const named = this.#torn ? null : this.#named;
    this.#whole = named !== null;
    this.#named = null;
    this.#torn = false;
    return named;
  }
}

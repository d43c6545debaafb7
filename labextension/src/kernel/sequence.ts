/** Sequence numbers of one kernel's messages: detects gaps, and collects the parts of a full state. */

import type { UpdateMessage } from '../protocol/messages';

export class MessageSequence {
  /** Whether no message was lost since the last full state. */
  complete = false;
  /** Number of the last message; null before the first of a session. */
  #seq: number | null = null;
  /** Results in the parts of a full state so far; null where none has begun. */
  #fullState: Set<string> | null = null;
  /** Whether a part of a full state may be among the lost messages. */
  #partLost = false;

  /** Whether the full state must be requested. */
  get needsFullState(): boolean {
    return !this.complete && (this.#fullState === null || this.#partLost);
  }

  /** Begin with the messages of another session. */
  restart(): void {
    this.#seq = null;
    this.invalidate();
  }

  /** A full state will arrive from its beginning: a gap before it does not matter. */
  expectFullState(): void {
    if (this.complete || this.#fullState !== null) return;
    this.#seq = null;
    this.#partLost = false;
  }

  /** The state may be out of date until the next full state. */
  invalidate(): void {
    this.complete = false;
    this.#fullState = null;
  }

  /** Count a message; false for a duplicate. */
  accept(seq: number): boolean {
    if (this.#seq !== null) {
      if (seq <= this.#seq) return false;
      if (seq > this.#seq + 1) {
        this.invalidate();
        this.#partLost = true;
      }
    }
    this.#seq = seq;
    return true;
  }

  /** Count a message that could not be read, so that the next one is no gap. */
  skip(seq: number | null, full: boolean): void {
    this.#seq = seq ?? this.#seq;
    this.invalidate();
    this.#partLost ||= full;
  }

  /** Whether to apply an update: after a gap only a full state is applied. */
  applies({ full, results }: UpdateMessage): boolean {
    if (full) {
      this.#fullState ??= new Set();
      for (const { id } of results) this.#fullState.add(id);
    } else {
      this.#partLost = false;
    }
    return full || this.complete;
  }

  /** All results of a full state, if this was its last part and none was lost; else null. */
  completed({ last }: UpdateMessage): ReadonlySet<string> | null {
    if (!last || !this.#fullState) return null;
    const results = this.#partLost ? null : this.#fullState;
    this.complete = results !== null;
    this.#fullState = null;
    this.#partLost = false;
    return results;
  }
}

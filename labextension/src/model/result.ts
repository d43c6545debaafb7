/** One result as its views see it: what the kernel told last, and what can be asked of the kernel. No DOM. */

import { Signal } from '@lumino/signaling';

import { TaskColumns } from './task-columns';
import { isAction } from '../protocol/actions';
import type { Action, ActionOptions } from '../protocol/actions';
import type { Loads, Running } from '../protocol/buffers';
import { NO_HEAD } from '../protocol/figures';
import type { Head } from '../protocol/figures';
import type { FailureUpdate, Outcome, ResultUpdate } from '../protocol/messages';
import type { EngineLoad, FailedInput, TaskOutput, TaskRecord } from '../protocol/records';
import type { BundleReply, OutputsReply, TaskReply } from '../protocol/replies';
import type { SavedResult } from '../protocol/saved';
import { UNKNOWN_SLOT } from '../protocol/types';
import type { EngineId, Pair } from '../protocol/types';
import { rowsOf, runningOf } from './restore';

/** What stands behind a model: a kernel, only the notebook, or a kernel that went away. */
export type Connection = 'live' | 'static' | 'disconnected' | 'unloaded';

/** What can be asked of the kernel. A rejection's message is a plain sentence to show. */
export interface Commands {
  run(action: Action, options?: ActionOptions): Promise<void>;
  task(position: number, limit?: number): Promise<TaskReply>;
  traceback(n: number): Promise<string>;
  outputs(): Promise<OutputsReply>;
  /** What the notebook should keep, as the kernel draws it. */
  bundle(): Promise<BundleReply>;
  watch(): Promise<void>;
}

export interface Failure {
  n: number;
  type: string;
  message: string;
  where: string;
  count: number;
  engines: EngineId[];
  first: number;
  indices: number[];
  first_time: number | null;
  last_time: number | null;
  input: FailedInput | null;
  traceback: string;
}

const NO_FAILURE: Failure = {
  n: 0,
  type: '',
  message: '',
  where: '',
  count: 0,
  engines: [],
  first: 0,
  indices: [],
  first_time: null,
  last_time: null,
  input: null,
  traceback: ''
};

const NO_RUNNING: Running = {
  position: new Uint32Array(0),
  first: new Uint32Array(0),
  since: new Float32Array(0),
  slot: new Uint16Array(0)
};

export class ResultModel {
  readonly id: string;
  readonly columns = new TaskColumns();
  /** Emitted after every change. */
  readonly changed = new Signal<this, void>(this);
  /** Emitted with what came of a request. */
  readonly outcome = new Signal<this, Outcome>(this);
  head: Head = NO_HEAD;
  running: Running = NO_RUNNING;
  failures: Failure[] = [];
  /** Engine ids by slot. */
  slots: EngineId[] = [];
  /** What the notebook keeps of the first tasks and the newest output; a live model has none. */
  tasks: TaskRecord[] = [];
  outputs: TaskOutput[] = [];
  commands: Commands | null = null;
  #connection: Connection = 'live';
  /** Whether it comes from the notebook; then the engines say themselves what they run. */
  #saved = false;
  #loads: EngineLoad[] = [];
  #engines: EngineLoad[] | null = null;
  /** When the head came, by the page's clock in milliseconds. */
  #received = 0;

  constructor(id: string) {
    this.id = id;
  }

  /** A result as the notebook keeps it. */
  static fromSaved(saved: SavedResult): ResultModel {
    const model = new ResultModel(saved.id);
    const timeline = saved.timeline;
    const base = timeline?.base ?? saved.tasks[0]?.submitted ?? saved.time - saved.elapsed;
    model.head = {
      ...NO_HEAD,
      ...saved,
      base,
      chunked: saved.messages !== saved.total,
      failure_groups: saved.failures.length,
      ended: timeline?.of ?? 0
    };
    model.failures = saved.failures.map((group, n) => ({ ...group, n, first: group.indices[0] ?? 0 }));
    model.tasks = saved.tasks;
    model.outputs = saved.outputs;
    model.slots = timeline?.engines ?? saved.engines.map(load => load.engine_id);
    model.#loads = saved.engines;
    model.columns.set(rowsOf(saved, base));
    model.running = runningOf(saved, model.slots);
    model.#connection = 'static';
    model.#saved = true;
    return model;
  }

  get connection(): Connection {
    return this.#connection;
  }

  set connection(connection: Connection) {
    if (connection === this.#connection) return;
    this.#connection = connection;
    this.changed.emit();
  }

  /** Whether time passes for this result. */
  get moving(): boolean {
    const { finished, state } = this.head;
    return this.#connection === 'live' && !finished && (state === 'running' || state === 'queued');
  }

  /** What the kernel would do now if it were asked. */
  get actions(): readonly Action[] {
    return this.#connection === 'live' && this.commands ? this.head.actions.filter(isAction) : [];
  }

  /** All engines, those with a number first. */
  get engines(): readonly EngineLoad[] {
    return (this.#engines ??= this.#sorted());
  }

  /** Take in what changed; `full` where everything known before may be out of date. */
  apply(update: ResultUpdate, full = false, now = performance.now()): void {
    // The head of a full state is whole, and comes before its other parts.
    if (full && update.head) {
      this.columns.doubt();
      this.failures = [];
      this.running = NO_RUNNING;
    }
    if (update.head) {
      this.head = { ...this.head, ...update.head };
      this.#received = now;
    }
    if (update.engines) this.#name(update.engines.from, update.engines.ids);
    if (update.loads) this.#load(update.loads);
    if (update.running) this.running = update.running;
    if (update.failures) this.#fail(update.failures);
    if (update.rows) this.columns.set(update.rows);
    this.columns.settle(this.head.ended);
    this.#engines = null;
    this.changed.emit();
  }

  /** Seconds since the first submission; stands still where time does not pass. */
  elapsed(now = performance.now()): number {
    return this.head.elapsed + this.#since(now);
  }

  /** Seconds still to go, from and to. */
  eta(now = performance.now()): Pair | null {
    const eta = this.head.eta;
    if (!eta) return null;
    const passed = this.#since(now);
    return [Math.max(0, eta[0] - passed), Math.max(0, eta[1] - passed)];
  }

  dispose(): void {
    Signal.clearData(this);
  }

  #since(now: number): number {
    return this.moving ? Math.max(0, now - this.#received) / 1000 : 0;
  }

  #name(from: number, ids: EngineId[]): void {
    this.slots = [...this.slots];
    ids.forEach((id, i) => {
      if (from + i >= UNKNOWN_SLOT) return;
      this.slots[from + i] = id;
      this.#loads[from + i] = { ...(this.#loads[from + i] ?? idle(id)), engine_id: id };
    });
  }

  #load(loads: Loads): void {
    loads.slot.forEach((slot, i) => {
      const load = this.#loads[slot];
      if (!load) return;
      this.#loads[slot] = {
        ...load,
        done: loads.done[i]!,
        failed: loads.failed[i]!,
        busy_time: loads.busy[i]!,
        alive: loads.alive[i] === 1
      };
    });
  }

  #fail(updates: FailureUpdate[]): void {
    const known = new Map(this.failures.map(group => [group.n, group]));
    for (const { n, ...update } of updates) {
      known.set(n, { ...(known.get(n) ?? NO_FAILURE), ...update, n });
    }
    this.failures = [...known.values()]
      .filter(group => group.count > 0)
      .sort((a, b) => b.count - a.count || a.n - b.n);
  }

  /** The engines with what they run now: the youngest task where there are several. */
  #sorted(): EngineLoad[] {
    if (this.#saved) return this.#loads;
    const current = new Map<number, Pair>();
    this.running.slot.forEach((slot, i) => {
      const since = this.running.since[i]!;
      const other = current.get(slot);
      if (!other || since > other[1]) current.set(slot, [this.running.first[i]!, since]);
    });
    const loads = this.#loads.map((load, slot) => {
      const now = current.get(slot);
      return { ...load, running: now ? ([now[0], Math.max(0, this.head.elapsed - now[1])] as Pair) : null };
    });
    return loads.filter(Boolean).sort((a, b) => byId(a.engine_id, b.engine_id));
  }
}

/** Numbers first and ascending, then names. */
export function byId(a: EngineId, b: EngineId): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  return typeof a === 'number' ? -1 : 1;
}

function idle(engine_id: EngineId): EngineLoad {
  return { engine_id, done: 0, failed: 0, running: null, busy_time: 0, alive: true };
}

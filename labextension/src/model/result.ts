/** Model of one result: its latest state, and how to send requests about it. No DOM. */

import { Signal } from '@lumino/signaling';

import { isAction, type Action } from '../protocol/actions';
import type { Loads, Running } from '../protocol/columns';
import { NO_HEAD, type Head } from '../protocol/figures';
import type { FailureUpdate, Outcome, ResultUpdate } from '../protocol/messages';
import type { EngineLoad, TaskOutput } from '../protocol/records';
import type { Requester } from '../protocol/replies';
import { savedRows, savedRunning, type SavedResult, type SavedTask } from '../protocol/saved';
import { UNKNOWN_SLOT, type EngineId, type Pair } from '../protocol/types';
import { TaskColumns } from './task-columns';

/** Source of a model's state: a kernel, the notebook (so far), a lost kernel, or one that unloaded ipar_results. */
export type Connection = 'live' | 'static' | 'connecting' | 'disconnected' | 'unloaded';

export type Failure = Required<FailureUpdate>;

/** The texts of a group before they arrive. */
const NO_TEXTS = {
  type: '',
  message: '',
  where: '',
  indices: [],
  first_time: null,
  last_time: null,
  input: null,
  messages_differ: false,
  traceback: ''
};

const NO_RUNNING: Running = {
  position: new Uint32Array(0),
  first: new Uint32Array(0),
  since: new Float32Array(0),
  slot: new Uint16Array(0)
};

export class ResultModel {
  readonly columns = new TaskColumns();
  readonly changed = new Signal<this, void>(this);
  readonly outcome = new Signal<this, Outcome>(this);
  head: Head = NO_HEAD;
  running: Running = NO_RUNNING;
  failures: Failure[] = [];
  /** Engine ids by slot. */
  slots: EngineId[] = [];
  /** The first tasks and the newest output of a saved result; a live model has none. */
  tasks: SavedTask[] = [];
  outputs: TaskOutput[] = [];
  /** Sends requests to the kernel; null where none has the result. */
  request: Requester | null = null;
  /** End of the time axis while the result is active, in seconds: the same in all its timelines. */
  axisEnd = 0;
  #connection: Connection = 'live';
  #loads: EngineLoad[] = [];
  #engines: EngineLoad[] | null = null;
  /** Milliseconds of the page's clock when the head arrived. */
  #headTime = 0;

  constructor(readonly id: string) {}

  static fromSaved(saved: SavedResult): ResultModel {
    const model = new ResultModel(saved.id);
    const { base, of, engines } = saved.timeline;
    model.head = {
      ...NO_HEAD,
      ...saved,
      base,
      chunked: saved.messages !== saved.total,
      failure_groups: saved.failures.length,
      ended: of
    };
    model.failures = saved.failures.map((group, n) => ({ ...group, n, first: group.indices[0] ?? 0 }));
    model.tasks = saved.tasks;
    model.outputs = saved.outputs;
    model.slots = engines;
    model.#engines = saved.engines;
    model.columns.write(savedRows(saved));
    model.running = savedRunning(saved);
    model.#connection = 'static';
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

  /** Whether the clock of this result runs. */
  get isActive(): boolean {
    const { finished, state } = this.head;
    return this.#connection === 'live' && !finished && (state === 'running' || state === 'queued');
  }

  /** The actions that the kernel would carry out now. */
  get actions(): readonly Action[] {
    return this.#connection === 'live' && this.request ? this.head.actions.filter(isAction) : [];
  }

  /** All engines: those with a number first, ascending, then those with a name. */
  get engines(): readonly EngineLoad[] {
    return (this.#engines ??= this.#sortedEngines());
  }

  /** Apply an update; `full` where the state before it may be out of date. */
  apply(update: ResultUpdate, full = false, now = performance.now()): void {
    // The head of a full state is complete, and arrives before its other parts.
    if (full && update.head) {
      this.columns.markStale();
      this.failures = [];
      this.running = NO_RUNNING;
    }
    if (update.head) {
      this.head = { ...this.head, ...update.head };
      this.#headTime = now;
    }
    if (update.engines) this.#setEngineIds(update.engines.from, update.engines.ids);
    if (update.loads) this.#setLoads(update.loads);
    if (update.running) this.running = update.running;
    if (update.failures) this.#mergeFailures(update.failures);
    if (update.rows) this.columns.write(update.rows);
    if (update.chunked_rows) this.columns.write(update.chunked_rows);
    this.columns.dropStale(this.head.ended);
    this.#engines = null;
    this.changed.emit();
  }

  /** Seconds since the first submission; constant unless the result is active. */
  elapsed(now = performance.now()): number {
    return this.head.elapsed + this.#secondsSinceHead(now);
  }

  /** Seconds left, from and to. */
  eta(now = performance.now()): Pair | null {
    const eta = this.head.eta;
    if (!eta) return null;
    const passed = this.#secondsSinceHead(now);
    return [Math.max(0, eta[0] - passed), Math.max(0, eta[1] - passed)];
  }

  #secondsSinceHead(now: number): number {
    return this.isActive ? Math.max(0, now - this.#headTime) / 1000 : 0;
  }

  #setEngineIds(from: number, ids: EngineId[]): void {
    this.slots = [...this.slots];
    ids.forEach((id, i) => {
      if (from + i >= UNKNOWN_SLOT) return;
      this.slots[from + i] = id;
      this.#loads[from + i] = { ...(this.#loads[from + i] ?? idleEngine(id)), engine_id: id };
    });
  }

  #setLoads(loads: Loads): void {
    loads.slot.forEach((slot, i) => {
      const load = this.#loads[slot];
      if (!load) return;
      this.#loads[slot] = {
        ...load,
        done: loads.done[i]!,
        failed: loads.failed[i]!,
        busy_time: loads.busy[i]!,
        alive: loads.presence[i] === 1,
        died: loads.presence[i] === 2,
        joined: loads.joined[i]!,
        left: Number.isFinite(loads.left[i]) ? loads.left[i]! : null
      };
    });
  }

  #mergeFailures(updates: FailureUpdate[]): void {
    const groups = new Map(this.failures.map(group => [group.n, group]));
    for (const update of updates) groups.set(update.n, { ...NO_TEXTS, ...groups.get(update.n), ...update });
    this.failures = [...groups.values()]
      .filter(group => group.count > 0)
      .sort((a, b) => b.count - a.count || a.n - b.n);
  }

  /** The engines with their running task: the youngest where there are several. */
  #sortedEngines(): EngineLoad[] {
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
    return loads.filter(Boolean).sort((a, b) => compareEngineIds(a.engine_id, b.engine_id));
  }
}

/** Order of engines: numbers first, ascending, then names. */
export function compareEngineIds(a: EngineId, b: EngineId): number {
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  return a < b ? -1 : Number(a > b);
}

function idleEngine(engine_id: EngineId): EngineLoad {
  const idle = { done: 0, failed: 0, running: null, busy_time: 0 };
  return { engine_id, ...idle, alive: true, died: false, joined: 0, left: null };
}

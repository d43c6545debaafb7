/** The names and types of the wire protocol, as both halves agreed on them. */

import type { ReadonlyJSONObject } from '@lumino/coreutils';

export const MIME_TYPE = 'application/vnd.ipar-results.v1+json';
export const TARGET = 'ipar_results';
export const PROTOCOL = 1;
export const SNAPSHOT_VERSION = 1;
/** The slot of a task whose engine is not known. */
export const UNKNOWN_SLOT = 0xffff;

/** The states of a task, by their code. */
export const STATUS = ['queued', 'running', 'ok', 'failed', 'aborted'] as const;
export type Status = (typeof STATUS)[number];

export const STATES = ['empty', 'queued', 'running', 'done', 'failed', 'lost', 'frozen'] as const;
export type State = (typeof STATES)[number];

export const ACTIONS = ['cancel', 'interrupt', 'retry', 'export'] as const;
export type Action = (typeof ACTIONS)[number];
export type ExportFormat = 'report' | 'trace' | 'csv';

export type EngineId = number | string;
/** From and to. */
export type Range = [number, number];

/** The counts and figures that a snapshot and the head of an update have in common. Times are seconds. */
export interface Figures {
  name: string;
  total: number;
  done: number;
  ok: number;
  failed: number;
  aborted: number;
  running: number;
  queued: number;
  messages: number;
  elapsed: number;
  serial_time: number;
  wall_time: number | null;
  speedup: number | null;
  efficiency: number | null;
  throughput: number | null;
  eta: Range | null;
  finished: boolean;
  state: State;
  note: string;
  value: string | null;
  single: boolean;
  time: number;
  outputs_total: number;
  advice: Advice[];
  time_use: TimeUse | null;
}

/** Where the engines' time went: seconds, which add up to the total. */
export interface TimeUse {
  engines: number;
  total: number;
  computing: number;
  waiting: number;
  overhead: number;
  lost: number;
  other: number;
}

export interface Advice {
  code: string;
  message: string;
  evidence: string;
  gain: number | null;
}

/** Where the result was made: the cell, and its number. */
export interface Where {
  cell_id: string | null;
  execution_count: number | null;
}

/** What only a live head says. */
export interface Head extends Figures {
  /** POSIX time of the first submission. */
  base: number;
  chunked: boolean;
  actions: Action[];
  where: Where;
  failure_groups: number;
  /** Messages that have ended. */
  ended: number;
}

export interface EngineLoad {
  engine_id: EngineId;
  done: number;
  failed: number;
  running: Range | null;
  busy_time: number;
  alive: boolean;
}

export interface SavedFailure {
  type: string;
  message: string;
  where: string;
  count: number;
  engines: EngineId[];
  /** Failed inputs, the first of them where `count` is more. */
  indices: number[];
  traceback: string;
  first_time: number | null;
  last_time: number | null;
  input: GivenInput | null;
}

/** The index of one failing input, and a short text of it. */
export type GivenInput = [index: number, text: string];

export interface TaskRecord {
  index: number;
  inputs: number;
  msg_id: string;
  engine_id: EngineId | null;
  status: Status;
  submitted: number | null;
  started: number | null;
  completed: number | null;
  received: number | null;
  duration: number | null;
}

export interface TaskOutput {
  index: number;
  engine_id: EngineId | null;
  stdout: string;
  stderr: string;
  omitted: number;
  rich: number;
}

/** The timeline of a saved snapshot: columns of one row a message. */
export interface SavedTimeline {
  base: number;
  /** Messages that have ended; more than rows means that the rows are a sample. */
  of: number;
  engines: EngineId[];
  position: number[];
  first: number[];
  inputs: number[];
  slot: number[];
  start: (number | null)[];
  duration: (number | null)[];
  status: number[];
}

/** What a notebook keeps of a result. */
export interface Saved extends Figures {
  type: 'snapshot';
  version: 1;
  id: string;
  engines: EngineLoad[];
  failures: SavedFailure[];
  tasks: TaskRecord[];
  outputs: TaskOutput[];
  timeline: SavedTimeline | null;
}

/** A group of failures; the texts come the first time and in full updates only. */
export interface FailureUpdate {
  n: number;
  count: number;
  engines: EngineId[];
  first: number;
  indices?: number[];
  first_time?: number | null;
  last_time?: number | null;
  input?: GivenInput | null;
  type?: string;
  message?: string;
  where?: string;
  traceback?: string;
}

/** Changed engines, one row each. */
export interface Loads {
  done: Uint32Array;
  failed: Uint32Array;
  busy: Float32Array;
  slot: Uint16Array;
  alive: Uint8Array;
}

/** All tasks that run now. `since` is seconds after the base. */
export interface Running {
  position: Uint32Array;
  first: Uint32Array;
  since: Float32Array;
  slot: Uint16Array;
}

/** Messages whose state changed. `start` is seconds after the base; NaN where a time is not known. */
export interface Rows {
  position: Uint32Array;
  start: Float32Array;
  duration: Float32Array;
  first: Uint32Array;
  inputs: Uint32Array;
  slot: Uint16Array;
  status: Uint8Array;
}

/** What changed in one result. */
export interface ResultUpdate {
  id: string;
  head?: Partial<Head>;
  engines?: { from: number; ids: EngineId[] };
  failures?: FailureUpdate[];
  loads?: Loads;
  running?: Running;
  rows?: Rows;
}

interface Numbered {
  session: string;
  seq: number;
}

/** Changes of some results, or one part of the full state; `last` ends a full state. */
export interface UpdateMessage extends Numbered {
  type: 'update';
  full: boolean;
  last: boolean;
  results: ResultUpdate[];
  gone: string[];
}

/** What came of a request. */
export interface OutcomeMessage extends Numbered {
  type: 'outcome';
  request: string;
  result: string;
  action: string;
  status: 'ok' | 'error';
  message: string;
  path?: string;
}

export interface ByeMessage extends Numbered {
  type: 'bye';
}

export type CommMessage = UpdateMessage | OutcomeMessage | ByeMessage;
export type Outcome = Pick<OutcomeMessage, 'action' | 'status' | 'message' | 'path'>;

/** What a request asks for; `protocol` and `request` are added by who sends it. */
export type Request =
  | { type: 'hello'; client: string; rate?: number }
  | { type: 'snapshot' }
  | { type: 'watch' | 'outputs' | 'bundle' | 'cancel' | 'interrupt'; result: string }
  | { type: 'task'; result: string; position: number; limit?: number }
  | { type: 'traceback'; result: string; group: number }
  | { type: 'retry'; result: string; indices?: number[] }
  | { type: 'export'; result: string; format: ExportFormat };

export interface HelloReply {
  comm_id: string;
  session: string;
  version: string;
  seq: number;
}

export interface Stream {
  text: string;
  /** Characters of the whole stream; more than `text` has means that it is the tail. */
  total: number;
}

export interface RichOutput {
  data: Record<string, unknown>;
  metadata: Record<string, unknown>;
}

/** Everything about one message. Times are POSIX seconds. */
export interface TaskReply extends Omit<TaskRecord, 'index'> {
  index: number;
  position: number;
  attempts: number;
  error: { type: string; message: string } | null;
  traceback: string | null;
  input: string | null;
  stdout: Stream;
  stderr: Stream;
  outputs: RichOutput[];
  outputs_total: number;
}

export interface OutputsReply {
  outputs: TaskOutput[];
  total: number;
}

/** A result as the notebook keeps it, in the three ways it can be read. */
export interface BundleReply {
  [MIME_TYPE]: ReadonlyJSONObject;
  'text/html': string;
  'text/plain': string;
}

/** Something that arrived, or in a sentence why it is not what it should be. */
export type Checked<T> = { ok: true; value: T } | { ok: false; error: string };

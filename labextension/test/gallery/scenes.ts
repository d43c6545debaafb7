/** Made-up results in every state, for the gallery, the measurements and the tests. */

import { ResultModel } from '../../src/model/result';
import type { Action } from '../../src/protocol/actions';
import type { Rows } from '../../src/protocol/columns';
import { NO_HEAD } from '../../src/protocol/figures';
import type { Head } from '../../src/protocol/figures';
import type { Requester, TaskReply } from '../../src/protocol/replies';
import type { SavedResult } from '../../src/protocol/saved';
import type { EngineId } from '../../src/protocol/types';
import { toSaved } from '../model/first-format';

const BASE = 1_700_000_000;

const TRACEBACK =
  '\x1b[31m---------------------------------------------------------------------------\x1b[39m\n' +
  '\x1b[31mValueError\x1b[39m                                Traceback (most recent call last)\n' +
  'File \x1b[32m<string>:13\x1b[39m, in \x1b[36msimulate\x1b[34m(n, seed)\x1b[39m\n' +
  '\x1b[32m     12\x1b[39m     grid = build(n)  \x1b[38;5;66;03m# may be empty\x1b[39;00m\n' +
  '\x1b[32m---> 13\x1b[39m     \x1b[38;5;28;01mreturn\x1b[39;00m \x1b[30;43msolve\x1b[39;49m(grid, seed)\n\n' +
  '\x1b[31mValueError\x1b[39m: grid of 0 cells cannot be solved';

/** Pseudo-random numbers from 0 to 1, reproducible by seed. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}

/** Columns of `length` queued rows. */
export function rows(length: number): Rows {
  return {
    position: Uint32Array.from({ length }, (_, i) => i),
    first: Uint32Array.from({ length }, (_, i) => i),
    inputs: new Uint32Array(length).fill(1),
    start: new Float32Array(length),
    duration: new Float32Array(length),
    slot: new Uint16Array(length),
    status: new Uint8Array(length)
  };
}

export interface Plan {
  tasks: number;
  engines: number;
  /** Tasks that have ended. */
  ended: number;
  failed?: number[];
  running?: boolean;
  /** Mean seconds of a task. */
  mean?: number;
  head?: Partial<Head>;
  ids?: (slot: number) => EngineId;
}

/** Replies by type of request; a type without an entry is only accepted. */
export type Replies = Record<string, (request: never) => Promise<unknown>>;
export const REPLIES = {
  task: ({ position }: { position: number }) => Promise.resolve(reply(position)),
  traceback: () => Promise.resolve({ traceback: TRACEBACK }),
  inputs: ({ positions }: { positions: number[] }) => Promise.resolve({ inputs: positions.map(at => `(0, ${at})`) }),
  bundle: () => Promise.reject(new Error('No answer from the kernel.')),
  outputs: () =>
    Promise.resolve({
      outputs: [
        {
          index: 411,
          engine_id: 3,
          stdout: 'step 1 of 3\nstep 2 of 3\nstep 3 of 3\n',
          stderr: '',
          omitted: 0,
          rich: 0
        },
        {
          index: 408,
          engine_id: 0,
          stdout: '',
          stderr: '\x1b[33mRuntimeWarning\x1b[0m: overflow\n',
          omitted: 3210,
          rich: 2
        },
        {
          index: 399,
          engine_id: 5,
          stdout: '  0%|\r 50%|█████\r100%|██████████\n',
          stderr: '',
          omitted: 0,
          rich: 0
        }
      ],
      total: 3
    })
};

/** Requester that finds its replies in {@link REPLIES} and `changes`. */
export function requester(changes: Replies = {}): Requester {
  const replies: Replies = { ...REPLIES, ...changes };
  return (request => replies[request.type]?.(request as never) ?? Promise.resolve(null)) as Requester;
}

export function reply(position: number): TaskReply {
  const times = {
    submitted: BASE,
    started: BASE + 4.2,
    completed: BASE + 6.3,
    received: BASE + 6.31,
    duration: 2.1
  };
  return {
    ...times,
    index: position,
    inputs: 1,
    position,
    msg_id: 'b3f0a7c2_41',
    engine_id: 3,
    status: 'failed',
    attempts: 2,
    error: { type: 'ValueError', message: 'grid of 0 cells cannot be solved' },
    traceback: TRACEBACK,
    input: '(0, 41)',
    stdout: { text: 'building a grid\nsolving\n', total: 30_024 },
    stderr: { text: '', total: 0 },
    outputs: [{ data: { 'text/plain': '<Figure size 640x480>' }, metadata: {} }],
    outputs_total: 1
  };
}

/** A live result after one full update. */
export function live(plan: Plan): ResultModel {
  const { tasks, engines, ended, mean = 0.42 } = plan;
  const next = random(7);
  const columns = rows(ended);
  const free = new Float64Array(engines).map(() => 0.1 + 0.6 * next());
  const done = new Uint32Array(engines);
  const failedOf = new Uint32Array(engines);
  const busy = new Float32Array(engines);
  const failed = new Set(plan.failed ?? []);
  for (let i = 0; i < ended; i++) {
    let slot = 0;
    if (engines > 64) slot = Math.floor(next() * engines);
    else for (let other = 1; other < engines; other++) if (free[other]! < free[slot]!) slot = other;
    const took = mean * (0.6 + 0.8 * next()) * (slot === 5 ? 2.6 : 1);
    columns.start[i] = free[slot]!;
    columns.duration[i] = took;
    columns.slot[i] = slot;
    columns.status[i] = failed.has(i) ? 3 : 2;
    free[slot]! += took + 0.03 * mean;
    done[slot]!++;
    busy[slot]! += took;
    if (failed.has(i)) failedOf[slot]!++;
  }
  const now = Math.min(...free);
  const busyNow = plan.running ? engines : 0;
  const elapsed = plan.running
    ? Math.max(...free) + 0.4 * mean
    : Math.max(0, ...columns.start.map((s, i) => s + columns.duration[i]!));
  const queued = tasks - ended - busyNow;
  const model = new ResultModel('0'.repeat(32));
  model.request = requester();
  const ids = Array.from({ length: engines }, (_, slot) => plan.ids?.(slot) ?? slot);
  const slot = Uint16Array.from({ length: engines }, (_, i) => i);
  const groups = failed.size
    ? [
        {
          n: 0,
          count: failed.size - (failed.size > 4 ? 2 : 0),
          engines: [0, 1, 2, 3, 4, 5, 6, 7],
          first: [...failed][0] ?? 0
        },
        { n: 1, count: failed.size > 4 ? 2 : 0, engines: [3], first: [...failed][1] ?? 0 }
      ]
    : [];
  const texts = [
    {
      type: 'ValueError',
      message: 'grid of 0 cells cannot be solved',
      where: 'simulate, line 13',
      traceback: TRACEBACK
    },
    {
      type: 'TimeoutError',
      message: 'no answer after 5 s',
      where: 'fetch, line 40',
      traceback: 'TimeoutError'
    }
  ];
  const finished = ended === tasks;
  const serial = busy.reduce((a, b) => a + b, 0);
  model.apply(
    {
      id: model.id,
      head: {
        ...NO_HEAD,
        name: 'simulate',
        total: tasks,
        messages: tasks,
        done: ended,
        ended,
        ok: ended - failed.size,
        failed: failed.size,
        running: busyNow,
        queued,
        elapsed,
        serial_time: serial,
        wall_time: finished ? elapsed : null,
        speedup: ended ? serial / elapsed : null,
        efficiency: ended ? serial / elapsed / engines : null,
        throughput: ended ? ended / elapsed : null,
        eta: plan.running
          ? [(1.3 * (elapsed * queued)) / Math.max(1, ended), (1.6 * (elapsed * queued)) / Math.max(1, ended)]
          : null,
        finished,
        state: finished ? (failed.size ? 'failed' : 'done') : plan.running || ended ? 'running' : 'queued',
        time: BASE + elapsed,
        base: BASE,
        failure_groups: groups.filter(group => group.count).length,
        actions: actions(finished, failed.size > 0),
        outputs_total: ended ? 3 : 0,
        ...plan.head
      },
      engines: { from: 0, ids },
      loads: {
        done,
        failed: failedOf,
        busy,
        joined: new Float32Array(engines),
        left: new Float32Array(engines).fill(Infinity),
        slot,
        presence: new Uint8Array(engines).fill(1)
      },
      running: {
        position: Uint32Array.from({ length: busyNow }, (_, i) => ended + i),
        first: Uint32Array.from({ length: busyNow }, (_, i) => ended + i),
        since: Float32Array.from({ length: busyNow }, (_, i) => Math.max(now, free[i]!)),
        slot: slot.slice(0, busyNow)
      },
      failures: groups.map((group, i) => ({ ...group, ...texts[i] })),
      rows: columns
    },
    true
  );
  return model;
}

function actions(finished: boolean, failed: boolean): Action[] {
  if (!finished) return ['cancel', 'interrupt', ...(failed ? ['retry' as const] : []), 'export'];
  return failed ? ['retry', 'export'] : ['export'];
}

/** The same result as saved, without a kernel. */
export function saved(model: ResultModel): ResultModel {
  const json: SavedResult = JSON.parse(JSON.stringify(toSaved(model))) as SavedResult;
  return ResultModel.fromSaved(json);
}

const FAILED = [41, 88, 120, 121, 160, 190, 230, 260, 301, 333, 350, 377, 390, 402];
const HOSTILE =
  "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'></details></style>" +
  '\x1b[31mred\x1b]8;;javascript:hacked\x07link\x1b[ \x00\x08\u202egnp.exe\u202c' +
  'x'.repeat(1_000_000);

function running(): ResultModel {
  return live({ tasks: 1000, engines: 8, ended: 412, failed: FAILED, running: true });
}

function hostile(): ResultModel {
  const model = live({
    tasks: 100,
    engines: 3,
    ended: 60,
    failed: [4, 9, 12, 20, 30],
    running: true,
    ids: slot => `${slot}${HOSTILE}`
  });
  const text = { type: HOSTILE, message: HOSTILE, where: HOSTILE, traceback: HOSTILE };
  const input: [number, string] = [4, HOSTILE];
  const groups = model.failures.map(({ n, count, first }) => ({
    n,
    count,
    first,
    engines: [HOSTILE],
    input,
    ...text
  }));
  model.apply({ id: model.id, head: { name: HOSTILE, note: HOSTILE }, failures: groups });
  return model;
}

function one(head: Partial<Head>): ResultModel {
  const plan = { tasks: 1, engines: 1, ended: head.finished === false ? 0 : 1, mean: 0.004, ids: () => 2 };
  return live({
    ...plan,
    head: { name: 'os.getpid', single: true, value: '41872', outputs_total: 0, ...head }
  });
}

const LOST = 'The controller has not answered for 30 s. Results received so far are kept.';
const TINY = 'Tasks are so small that sending them took longer than their work: chunksize=50 would halve the time.';
const SLOW =
  'Engine 5 is 2.6 times slower than the others. Without it the run would have ended about 9 s earlier.';

/** Every state by name. */
export const SCENES: Record<string, () => ResultModel> = {
  running,
  failed: () => live({ tasks: 1000, engines: 8, ended: 1000, failed: FAILED }),
  done: () =>
    live({
      tasks: 400,
      engines: 8,
      ended: 400,
      head: {
        name: 'score',
        advice: [
          { code: 'slow-engine', message: SLOW, evidence: '124 tasks, median 6.2 s against 2.4 s', gain: 9 }
        ]
      }
    }),
  wasted: () =>
    live({
      tasks: 400,
      engines: 8,
      ended: 400,
      failed: [12, 40, 41, 90, 300],
      head: {
        name: 'fetch',
        time_use: { engines: 8, total: 100, computing: 48, overhead: 19, waiting: 21, lost: 4, other: 8 },
        advice: [{ code: 'tiny-tasks', message: TINY, evidence: '400 tasks, median 3 ms', gain: 4 }]
      }
    }),
  queued: () => live({ tasks: 1000, engines: 0, ended: 0 }),
  aborted: () =>
    live({
      tasks: 1000,
      engines: 8,
      ended: 600,
      head: { finished: true, state: 'failed', aborted: 400, queued: 0, actions: ['retry', 'export'] }
    }),
  chunked: () =>
    live({
      tasks: 128,
      engines: 4,
      ended: 60,
      running: true,
      head: { total: 20_000, done: 9_400, ok: 9_400, queued: 9_972, running: 628, chunked: true }
    }),
  lost: () =>
    live({
      tasks: 1000,
      engines: 8,
      ended: 230,
      failed: [3, 80],
      head: { state: 'lost', note: LOST, actions: [] }
    }),
  disconnected: () => {
    const model = running();
    model.connection = 'disconnected';
    return model;
  },
  unloaded: () => {
    const model = running();
    model.connection = 'unloaded';
    return model;
  },
  saved: () => saved(running()),
  savedDone: () => saved(live({ tasks: 1000, engines: 8, ended: 1000, failed: FAILED })),
  one: () => one({}),
  oneFailed: () => {
    const model = one({
      ok: 0,
      failed: 1,
      value: null,
      state: 'failed',
      name: 'simulate',
      outputs_total: 1,
      actions: ['retry', 'export']
    });
    model.apply({
      id: model.id,
      failures: [
        {
          n: 0,
          count: 1,
          engines: [2],
          first: 0,
          type: 'ValueError',
          message: 'no',
          where: 'f, line 1',
          traceback: TRACEBACK
        }
      ]
    });
    return model;
  },
  oneRunning: () =>
    one({
      finished: false,
      ok: 0,
      done: 0,
      running: 1,
      elapsed: 83,
      state: 'running',
      value: null,
      wall_time: null
    }),
  empty: () =>
    live({
      tasks: 0,
      engines: 0,
      ended: 0,
      head: { name: 'f', state: 'empty', finished: true, actions: [] }
    }),
  tasks10k: () =>
    live({ tasks: 12_000, engines: 8, ended: 10_000, failed: [5000, 5001, 7000, 9000, 9500], running: true }),
  tasks100k: () => live({ tasks: 100_000, engines: 32, ended: 100_000, failed: [50_000, 70_000, 90_000] }),
  sampled: () =>
    live({
      tasks: 200_000,
      engines: 16,
      ended: 5_000,
      running: true,
      head: { ended: 100_000, done: 100_000, ok: 100_000, queued: 99_984 }
    }),
  engines48: () => live({ tasks: 5_000, engines: 48, ended: 3_000, failed: FAILED, running: true }),
  engines1024: () => live({ tasks: 20_000, engines: 1024, ended: 12_000, failed: FAILED, running: true }),
  million: () => live({ tasks: 1_000_000, engines: 1024, ended: 700_000, failed: FAILED, running: true }),
  hostile
};

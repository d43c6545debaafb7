/** Messages that the kernel sends on the comm, and their check. Never throws. */

import { readLoads, readRows, readRunning } from './columns';
import type { Loads, Rows, Running } from './columns';
import { readHead } from './figures';
import type { Head } from './figures';
import * as read from './readers';
import { engineId, failureDetails } from './records';
import { PROTOCOL } from './types';

type Buffers = readonly (ArrayBuffer | ArrayBufferView)[];

const failureCounts = {
  n: read.count,
  count: read.count,
  engines: read.list(engineId),
  first: read.integer
};
const failureTexts = {
  type: read.string,
  message: read.string,
  where: read.string,
  traceback: read.string,
  indices: read.list(read.integer),
  ...failureDetails
};
/** A group of failures; the texts arrive the first time and in full updates only. */
export type FailureUpdate = read.Read<typeof failureCounts> & Partial<read.Read<typeof failureTexts>>;
const failure: read.Reader<FailureUpdate> = (value, path) => ({
  ...read.record(failureCounts)(value, path),
  ...read.partial(failureTexts)(value, path)
});

/** `ids` of the engines in the slots that begin at `from`. */
const engines = read.record({ from: read.count, ids: read.list(engineId) });

/** What changed in one result. */
export interface ResultUpdate {
  id: string;
  head?: Partial<Head>;
  engines?: read.Read<typeof engines>;
  failures?: FailureUpdate[];
  loads?: Loads;
  running?: Running;
  rows?: Rows;
}

const numbered = read.record({ session: read.string, seq: read.count });
type Numbered = read.Read<typeof numbered>;

/** Changes of some results, or one part of the full state; `last` ends a full state. */
export interface UpdateMessage extends Numbered {
  type: 'update';
  full: boolean;
  last: boolean;
  results: ResultUpdate[];
  gone: string[];
}

const outcome = read.record({
  request: read.string,
  result: read.string,
  action: read.string,
  status: read.oneOf(['ok', 'error'] as const),
  message: read.string
});

/** How an action ended. */
export type Outcome = Pick<read.Read<typeof outcome>, 'action' | 'status' | 'message'> & { path?: string };

export type CommMessage =
  | UpdateMessage
  | (Numbered & read.Read<typeof outcome> & Outcome & { type: 'outcome' })
  | (Numbered & { type: 'bye' });

function resultUpdate(value: unknown, path: string, buffers: Buffers): ResultUpdate {
  const given = read.object(value, path);
  const update: ResultUpdate = { id: read.string(given.id, `${path}.id`) };
  const columns = <T>(key: string, columnsOf: (view: DataView, count: number, chunked: boolean) => T): T => {
    const at = read.object(given[key], `${path}.${key}`);
    const buffer = buffers[read.count(at.buffer, `${path}.${key}.buffer`)];
    if (buffer === undefined) throw new read.FormatError(`${path}.${key} names a buffer that did not come`);
    return columnsOf(viewOf(buffer), read.count(at.count, `${path}.${key}.count`), at.chunked === true);
  };
  if (given.head !== undefined) update.head = readHead(given.head, `${path}.head`);
  if (given.engines !== undefined) update.engines = engines(given.engines, `${path}.engines`);
  if (given.failures !== undefined) update.failures = read.list(failure)(given.failures, `${path}.failures`);
  if (given.loads !== undefined) update.loads = columns('loads', readLoads);
  if (given.running !== undefined) update.running = columns('running', readRunning);
  if (given.rows !== undefined) update.rows = columns('rows', readRows);
  return update;
}

function viewOf(buffer: ArrayBuffer | ArrayBufferView): DataView {
  return ArrayBuffer.isView(buffer)
    ? new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : new DataView(buffer);
}

/** Check the data of one comm message with its buffers. */
export function checkMessage(data: unknown, buffers: Buffers = []): read.Checked<CommMessage> {
  return read.checked((): CommMessage => {
    const given = read.object(data, '');
    if (given.protocol !== PROTOCOL) throw new read.FormatError('the message is of another protocol');
    const message = numbered(given, '');
    switch (given.type) {
      case 'update':
        return {
          ...message,
          type: 'update',
          full: read.boolean(given.full, 'full'),
          last: given.last === true,
          results: read.list((value, path) => resultUpdate(value, path, buffers))(given.results, 'results'),
          gone: read.list(read.string)(given.gone ?? [], 'gone')
        };
      case 'outcome': {
        const path = typeof given.path === 'string' ? { path: given.path } : {};
        return { ...message, type: 'outcome', ...outcome(given, ''), ...path };
      }
      case 'bye':
        return { ...message, type: 'bye' };
      default:
        throw new read.FormatError('the message has a type that is not known');
    }
  });
}

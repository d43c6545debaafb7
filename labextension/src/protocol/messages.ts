/** Messages that the kernel sends on the comm, and their check. Never throws. */

import { chunkedRows, loads, rows, running } from './columns';
import { readHead } from './figures';
import * as read from './readers';
import { engineId, failureCounts, failureTexts } from './records';
import { PROTOCOL } from './types';

const counts = read.record({ n: read.count, first: read.integer, ...failureCounts });
/** A group of failures; the texts arrive the first time and in full updates only. */
export type FailureUpdate = read.Read<typeof counts> & Partial<read.Read<typeof failureTexts>>;
const failure: read.Reader<FailureUpdate> = (value, path) => ({
  ...counts(value, path),
  ...read.partial(failureTexts)(value, path)
});

const changes = {
  head: readHead,
  /** `ids` of the engines in the slots that begin at `from`. */
  engines: read.record({ from: read.count, ids: read.list(engineId) }),
  failures: read.list(failure),
  loads,
  running,
  rows,
  chunked_rows: chunkedRows
};
/** What changed in one result. */
export type ResultUpdate = { id: string } & Partial<read.Read<typeof changes>>;
const resultUpdate: read.Reader<ResultUpdate> = (value, path) => ({
  ...read.record({ id: read.string })(value, path),
  ...read.partial(changes)(value, path)
});

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

/** Check the data of one comm message. */
export function checkMessage(data: unknown): read.Checked<CommMessage> {
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
          results: read.list(resultUpdate)(given.results, 'results'),
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

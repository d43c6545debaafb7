/** Checks what comes on the comm: typed out, or an error as data. Never throws. */

import { readLoads, readRows, readRunning } from './buffers';
import { checked, engineId, failureDetails, figures } from './figures';
import * as is from './readers';
import type * as wire from './types';
import { ACTIONS, PROTOCOL } from './types';

type Buffers = readonly (ArrayBuffer | ArrayBufferView)[];

const isAction = (word: string): word is wire.Action => (ACTIONS as readonly string[]).includes(word);

const head = is.part<wire.Head>({
  ...figures,
  base: is.number,
  chunked: is.flag,
  // an action of a later version is one that we have no button for
  actions: (value, path) =>
    is.list(is.text)(value, path).filter(isAction),
  where: is.record<wire.Where>({ cell_id: is.orNull(is.text), execution_count: is.orNull(is.integer) }),
  failure_groups: is.count,
  ended: is.count
});

type Counted = Pick<wire.FailureUpdate, 'n' | 'count' | 'engines' | 'first'>;
const counted = is.record<Counted>({
  n: is.count,
  count: is.count,
  engines: is.list(engineId),
  first: is.integer
});
const more = is.part<Omit<Required<wire.FailureUpdate>, keyof Counted>>({
  type: is.text,
  message: is.text,
  where: is.text,
  traceback: is.text,
  indices: is.list(is.integer),
  ...failureDetails
});
const failure: is.Reader<wire.FailureUpdate> = (value, path) => ({
  ...counted(value, path),
  ...more(value, path)
});

function result(value: unknown, path: string, buffers: Buffers): wire.ResultUpdate {
  const given = is.fields(value, path);
  const update: wire.ResultUpdate = { id: is.text(given.id, `${path}.id`) };
  const columns = <T>(key: string, read: (view: DataView, count: number, chunked: boolean) => T): T => {
    const at = is.fields(given[key], `${path}.${key}`);
    const buffer = buffers[is.count(at.buffer, `${path}.${key}.buffer`)];
    if (buffer === undefined) {
      throw new is.Misshapen(`${path}.${key} names a buffer that did not come`);
    }
    return read(viewOf(buffer), is.count(at.count, `${path}.${key}.count`), at.chunked === true);
  };
  if (given.head !== undefined) {
    update.head = head(given.head, `${path}.head`);
  }
  if (given.engines !== undefined) {
    update.engines = is.record<{ from: number; ids: wire.EngineId[] }>({
      from: is.count,
      ids: is.list(engineId)
    })(given.engines, `${path}.engines`);
  }
  if (given.failures !== undefined) {
    update.failures = is.list(failure)(given.failures, `${path}.failures`);
  }
  if (given.loads !== undefined) {
    update.loads = columns('loads', readLoads);
  }
  if (given.running !== undefined) {
    update.running = columns('running', readRunning);
  }
  if (given.rows !== undefined) {
    update.rows = columns('rows', readRows);
  }
  return update;
}

function viewOf(buffer: ArrayBuffer | ArrayBufferView): DataView {
  return ArrayBuffer.isView(buffer)
    ? new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : new DataView(buffer);
}

/** Check the data of one comm message with its buffers. */
export function checkMessage(data: unknown, buffers: Buffers = []): wire.Checked<wire.CommMessage> {
  return checked((): wire.CommMessage => {
    const given = is.fields(data, '');
    if (given.protocol !== PROTOCOL) {
      throw new is.Misshapen('the message is of another protocol');
    }
    const session = is.text(given.session, 'session');
    const seq = is.count(given.seq, 'seq');
    switch (given.type) {
      case 'update':
        return {
          type: 'update',
          session,
          seq,
          full: is.flag(given.full, 'full'),
          last: given.last === true,
          results: is.list((value, path) => result(value, path, buffers))(given.results, 'results'),
          gone: is.list(is.text)(given.gone ?? [], 'gone')
        };
      case 'outcome':
        return {
          type: 'outcome',
          session,
          seq,
          request: is.text(given.request, 'request'),
          result: is.text(given.result, 'result'),
          action: is.text(given.action, 'action'),
          status: is.oneOf(['ok', 'error'] as const)(given.status, 'status'),
          message: is.text(given.message, 'message'),
          ...(typeof given.path === 'string' ? { path: given.path } : {})
        };
      case 'bye':
        return { type: 'bye', session, seq };
      default:
        throw new is.Misshapen('the message has a type that is not known');
    }
  });
}

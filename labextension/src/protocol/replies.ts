/** Requests to the kernel, and the check of its replies. Never throws. */

import type { ReadonlyJSONObject } from '@lumino/coreutils';

import type { Action, ActionOptions } from './actions';
import * as read from './readers';
import { taskFields, taskOutput } from './records';
import { checkSaved } from './saved';
import { MIME_TYPE, PROTOCOL } from './types';

/** Content of a request; the sender adds `protocol` and `request`. `watch` has the kernel send rows. */
export type Request =
  | { type: 'hello'; client: string; rate?: number; version?: string }
  | { type: 'snapshot' }
  | { type: 'watch' | 'outputs' | 'bundle'; result: string }
  | { type: 'inputs'; result: string; positions: number[] }
  | { type: 'task'; result: string; position: number; limit?: number }
  | { type: 'traceback'; result: string; group: number }
  | ({ type: Action; result: string } & ActionOptions);

/** Sends a request. Resolves to the checked reply, or rejects with an Error whose message is a sentence to show. */
export type Requester = <R extends Request>(request: R) => Promise<Reply<R['type']>>;

/** The end of a stream; `total` counts the characters of all of it. */
const stream = read.record({ text: read.string, total: read.count });
export type Stream = read.Read<typeof stream>;

const richOutput = read.record({ data: read.object, metadata: read.object });
export type RichOutput = read.Read<typeof richOutput>;

/** Everything about one message of a result. */
const details = read.record({
  ...taskFields,
  position: read.count,
  attempts: read.count,
  error: read.orNull(read.record({ type: read.string, message: read.string })),
  traceback: read.orNull(read.string),
  stdout: stream,
  stderr: stream,
  outputs: read.list(richOutput),
  outputs_total: read.count
});
export type TaskReply = read.Read<typeof details>;

/** A result as a notebook should hold it, in each of its formats. */
const bundle = (content: unknown) => {
  const data = read.object(read.object(content, '').data, 'data');
  if (!checkSaved(data[MIME_TYPE]).ok) throw new read.FormatError('its snapshot is not one');
  return {
    [MIME_TYPE]: data[MIME_TYPE] as ReadonlyJSONObject,
    'text/html': read.string(data['text/html'], 'text/html'),
    'text/plain': read.string(data['text/plain'], 'text/plain')
  };
};

/** Readers of the replies that carry something; the others only say that the request was accepted. */
const replies = {
  hello: read.record({ comm_id: read.string, session: read.string, version: read.string, seq: read.count }),
  task: (content: unknown) => details(read.object(content, '').task, 'task'),
  traceback: read.record({ traceback: read.string }),
  inputs: read.record({ inputs: read.list(read.orNull(read.string)) }),
  outputs: read.record({ outputs: read.list(taskOutput), total: read.count }),
  bundle
};

/** What the kernel replies to a request of a type. */
export type Reply<T extends Request['type']> = T extends keyof typeof replies
  ? ReturnType<(typeof replies)[T]>
  : null;

/** Check the reply to the request `id`, which was of this type; an error reply is an error too. */
export function checkReply<T extends Request['type']>(type: T, id: string, content: unknown): read.Checked<Reply<T>> {
  const reply = read.checked(() => {
    const given = read.object(content, '');
    if (given.protocol !== PROTOCOL || given.request !== id) {
      throw new read.FormatError('the answer belongs to another request');
    }
    if (given.status === 'error') {
      const error = read.object(given.error, 'error');
      return { refusal: read.string(error.message, 'error.message') || 'The kernel refused, and does not say why.' };
    }
    read.oneOf(['ok'])(given.status, 'status');
    const reader = (replies as Partial<Record<Request['type'], read.Reader<unknown>>>)[type];
    return { value: (reader?.(content, '') ?? null) as Reply<T> };
  });
  if (!reply.ok) return { ok: false, error: `The kernel's answer can't be read: ${reply.error}.` };
  const { value, refusal } = reply.value;
  return refusal === undefined ? { ok: true, value: value } : { ok: false, error: refusal };
}

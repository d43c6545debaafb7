/** Checks the kernel's answers to requests: typed out, or a sentence to show. Never throws. */

import type { ReadonlyJSONObject } from '@lumino/coreutils';

import { checkSaved } from './saved';
import { checked, taskFacts, taskOutput } from './figures';
import * as is from './readers';
import type * as wire from './types';
import { MIME_TYPE, PROTOCOL } from './types';

const details = is.record<wire.TaskReply>({
  ...taskFacts,
  position: is.count,
  attempts: is.count,
  error: is.orNull(is.record<{ type: string; message: string }>({ type: is.text, message: is.text })),
  traceback: is.orNull(is.text),
  input: is.orNull(is.text),
  stdout: is.record<wire.Stream>({ text: is.text, total: is.count }),
  stderr: is.record<wire.Stream>({ text: is.text, total: is.count }),
  outputs: is.list(is.record<wire.RichOutput>({ data: is.fields, metadata: is.fields })),
  outputs_total: is.count
});

const bundle: is.Reader<wire.BundleReply> = (content, path) => {
  const data = is.fields(is.fields(content, path).data, 'data');
  const saved = checkSaved(data[MIME_TYPE]);
  if (!saved.ok) throw new is.Misshapen('its snapshot is not one');
  return {
    [MIME_TYPE]: data[MIME_TYPE] as ReadonlyJSONObject,
    'text/html': is.text(data['text/html'], 'text/html'),
    'text/plain': is.text(data['text/plain'], 'text/plain')
  };
};

const replies = {
  hello: is.record<wire.HelloReply>({ comm_id: is.text, session: is.text, version: is.text, seq: is.count }),
  task: (content: unknown) => details(is.fields(content, '').task, 'task'),
  traceback: is.record<{ traceback: string }>({ traceback: is.text }),
  outputs: is.record<wire.OutputsReply>({ outputs: is.list(taskOutput), total: is.count }),
  bundle,
  snapshot: accepted,
  watch: accepted,
  cancel: accepted,
  interrupt: accepted,
  retry: accepted,
  export: accepted
} satisfies Record<wire.Request['type'], is.Reader<unknown>>;

function accepted(): null {
  return null;
}

/** What the kernel answers to a request of each type. */
export type Replies = { [K in keyof typeof replies]: ReturnType<(typeof replies)[K]> };

/** Check the answer to `request`, which was of this type; an error reply is an error too. */
export function checkReply<K extends keyof Replies>(
  type: K,
  request: string,
  content: unknown
): wire.Checked<Replies[K]> {
  const read = checked(() => {
    const given = is.fields(content, '');
    if (given.protocol !== PROTOCOL || given.request !== request) {
      throw new is.Misshapen('the answer belongs to another request');
    }
    if (given.status === 'error') {
      const error = is.fields(given.error, 'error');
      return { refused: is.text(error.message, 'error.message') || 'The kernel refused, and does not say why.' };
    }
    is.oneOf(['ok'] as const)(given.status, 'status');
    return { reply: replies[type](content, '') as Replies[K] };
  });
  if (!read.ok) {
    return { ok: false, error: `The kernel's answer can't be read: ${read.error}.` };
  }
  return 'reply' in read.value
    ? { ok: true, value: read.value.reply }
    : { ok: false, error: read.value.refused };
}

/** Asks a kernel something on its control channel, which it answers also while a cell runs. */

import { KernelMessage } from '@jupyterlab/services';
import type { Kernel } from '@jupyterlab/services';
import { UUID } from '@lumino/coreutils';

import { checkReply } from '../protocol/replies';
import type { Reply, Request } from '../protocol/replies';
import { NO_ANSWER } from '../model/words';
import { PROTOCOL } from '../protocol/types';

export const PATIENCE = 5_000;

export type Asked = Pick<Kernel.IKernelConnection, 'clientId' | 'username' | 'sendControlMessage'>;

/** Who sends the requests of one kernel. */
export interface Requester {
  /** Rejects with an Error whose message is a sentence to show. */
  request<R extends Request>(request: R, patience?: number): Promise<Reply<R['type']>>;
}

/** Resolves to the checked answer, or rejects with an Error whose message is a sentence to show. */
export function ask<R extends Request>(
  kernel: Asked,
  request: R,
  patience = PATIENCE
): Promise<Reply<R['type']>> {
  return new Promise((resolve, reject) => {
    const id = UUID.uuid4();
    const content = { protocol: PROTOCOL, request: id, ...request };
    const future = kernel.sendControlMessage(message(kernel, content), true, true);
    const unanswered = (): void => {
      clearTimeout(timer);
      future.dispose();
      reject(new Error(NO_ANSWER));
    };
    const timer = setTimeout(unanswered, patience);
    future.onReply = reply => {
      clearTimeout(timer);
      const checked = checkReply(request.type, id, reply.content);
      if (checked.ok) resolve(checked.value as Reply<R['type']>);
      else reject(new Error(checked.error));
    };
    // a kernel that restarts or goes away takes its futures with it
    future.done.catch(unanswered);
  });
}

function message(kernel: Asked, content: object): KernelMessage.IControlMessage {
  const options = {
    msgType: 'ipar_request',
    channel: 'control',
    username: kernel.username,
    session: kernel.clientId,
    content
  };
  // Lab types only the messages of Jupyter itself
  return KernelMessage.createMessage(
    options as unknown as KernelMessage.IOptions<KernelMessage.IDebugRequestMsg>
  );
}

/** Requests on a kernel's control channel, which a kernel answers also while a cell runs. */

import { KernelMessage } from '@jupyterlab/services';
import type { Kernel } from '@jupyterlab/services';
import { UUID } from '@lumino/coreutils';

import { NO_ANSWER } from '../model/words';
import { checkReply } from '../protocol/replies';
import type { Reply, Request } from '../protocol/replies';
import { PROTOCOL } from '../protocol/types';

/** Milliseconds until a request without a reply fails. */
export const REQUEST_TIMEOUT = 5_000;

/** The part of a kernel connection that requests need. */
export type ControlChannel = Pick<Kernel.IKernelConnection, 'clientId' | 'username' | 'sendControlMessage'>;

export interface Requester {
  /** Resolves to the checked reply, or rejects with an Error whose message is a sentence to show. */
  request<R extends Request>(request: R, timeout?: number): Promise<Reply<R['type']>>;
}

/** Send one request; see {@link Requester.request}. */
export function sendRequest<R extends Request>(
  kernel: ControlChannel,
  request: R,
  timeout = REQUEST_TIMEOUT
): Promise<Reply<R['type']>> {
  return new Promise((resolve, reject) => {
    const id = UUID.uuid4();
    const content = { protocol: PROTOCOL, request: id, ...request };
    const future = kernel.sendControlMessage(controlMessage(kernel, content), true, true);
    const fail = (): void => {
      clearTimeout(timer);
      future.dispose();
      reject(new Error(NO_ANSWER));
    };
    const timer = setTimeout(fail, timeout);
    future.onReply = reply => {
      clearTimeout(timer);
      const checked = checkReply(request.type, id, reply.content);
      if (checked.ok) resolve(checked.value as Reply<R['type']>);
      else reject(new Error(checked.error));
    };
    // A kernel that restarts or is closed cancels its futures.
    future.done.catch(fail);
  });
}

function controlMessage(kernel: ControlChannel, content: object): KernelMessage.IControlMessage {
  const options = {
    msgType: 'ipar_request',
    channel: 'control',
    username: kernel.username,
    session: kernel.clientId,
    content
  };
  // JupyterLab has types only for Jupyter's own messages.
  return KernelMessage.createMessage(
    options as unknown as KernelMessage.IOptions<KernelMessage.IDebugRequestMsg>
  );
}

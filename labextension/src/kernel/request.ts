/** Requests on a kernel's control channel, which a kernel answers also while a cell runs. */

import { KernelMessage, type Kernel } from '@jupyterlab/services';
import { PromiseDelegate, UUID } from '@lumino/coreutils';

import { NO_ANSWER } from '../model/words';
import { checkReply, type Reply, type Request } from '../protocol/replies';
import { PROTOCOL } from '../protocol/types';

/** Milliseconds until a request without a reply fails. */
export const REQUEST_TIMEOUT = 5_000;
export const NOT_CONNECTED = 'The kernel is not connected.';

/** Request that has no reply yet. */
export type PendingRequest = ReturnType<typeof createRequest>;

/** Create a request; its `reply` rejects with an Error whose message is a sentence to show. */
export function createRequest<R extends Request>(request: R, timeout = REQUEST_TIMEOUT) {
  const id = UUID.uuid4();
  const answered = new PromiseDelegate<Reply<R['type']>>();
  let future: Kernel.IControlFuture | null = null;
  /** Expect no reply any more over the connection that it was sent over. */
  const withdraw = (): void => {
    future?.dispose();
    future = null;
  };
  const fail = (error: Error): void => {
    clearTimeout(timer);
    withdraw();
    answered.reject(error);
  };
  const timer = setTimeout(() => fail(new Error(future ? NO_ANSWER : NOT_CONNECTED)), timeout);
  /** Send it; again, under the same id, where another connection takes the place of the last one. */
  const send = (kernel: Kernel.IKernelConnection): void => {
    withdraw();
    const options = {
      msgType: 'ipar_request',
      channel: 'control',
      username: kernel.username,
      session: kernel.clientId,
      content: { protocol: PROTOCOL, request: id, ...request }
    };
    // JupyterLab has types only for Jupyter's own messages.
    const message = KernelMessage.createMessage(
      options as unknown as KernelMessage.IOptions<KernelMessage.IDebugRequestMsg>
    );
    const sent = kernel.sendControlMessage(message, true, true);
    future = sent;
    sent.onReply = answer => {
      clearTimeout(timer);
      future = null;
      const checked = checkReply(request.type, id, answer.content);
      if (checked.ok) answered.resolve(checked.value as Reply<R['type']>);
      else answered.reject(new Error(checked.error));
    };
    // A kernel that restarts or is closed cancels its futures.
    sent.done.catch(() => {
      if (sent === future) fail(new Error(NO_ANSWER));
    });
  };
  return { reply: answered.promise, send, withdraw, fail };
}

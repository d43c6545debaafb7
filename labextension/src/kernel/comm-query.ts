/** Query whether a kernel has ipar_results loaded, by a message of Jupyter's own: an unknown one would be logged. */

import { KernelMessage, type Kernel } from '@jupyterlab/services';

import { TARGET } from '../protocol/types';

/** Return whether the kernel has a comm of ours; null without a reply. It replies also while a cell runs. */
export function queryComm(kernel: Kernel.IKernelConnection, timeout: number): Promise<boolean | null> {
  const options = {
    msgType: 'comm_info_request',
    channel: 'control',
    username: kernel.username,
    session: kernel.clientId,
    content: { target_name: TARGET }
  };
  // JupyterLab has a type only for this message on the shell channel, where it waits for the cell.
  const message = KernelMessage.createMessage(
    options as unknown as KernelMessage.IOptions<KernelMessage.IDebugRequestMsg>
  );
  const sent = kernel.sendControlMessage(message, true, true);
  return new Promise(resolve => {
    const timer = setTimeout(() => {
      sent.dispose();
      resolve(null);
    }, timeout);
    sent.onReply = reply => {
      clearTimeout(timer);
      resolve(hasComm(reply.content));
    };
    // A kernel that restarts or is closed cancels its futures.
    sent.done.catch(() => {
      clearTimeout(timer);
      resolve(null);
    });
  });
}

function hasComm(content: unknown): boolean {
  const comms = (content as { comms?: unknown } | null)?.comms;
  if (typeof comms !== 'object' || comms === null) return false;
  // Some kernels ignore the target name in the request.
  return Object.values(comms).some(comm => (comm as { target_name?: unknown } | null)?.target_name === TARGET);
}

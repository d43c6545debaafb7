/** Navigation from a result to the cell that made it. */

import type { IConsoleTracker } from '@jupyterlab/console';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { Widget } from '@lumino/widgets';

import type { ResultEntry, Kernels } from '../kernel/kernels';
import type { Where } from '../protocol/figures';

const OPEN = 'docmanager:open';

/** Find a file of the kernel's machine on the server, by its absolute path: resolves to a function that opens it. */
export async function findFile(
  { commands, serviceManager }: JupyterFrontEnd,
  file: string,
  serverRoot: string
): Promise<(() => void) | null> {
  const path = pathOnServer(file, serverRoot);
  if (path === null || !commands.hasCommand(OPEN)) return null;
  try {
    await serviceManager.contents.get(path, { content: false });
  } catch {
    return null; // the kernel runs on another machine, or the server hides the file
  }
  return () => void commands.execute(OPEN, { path });
}

/** Path of a file below the server's root; null where it is elsewhere. A root may begin with `~`. */
export function pathOnServer(file: string, root: string): string | null {
  if (!root) return null;
  const folder = `${root.replace(/^~/, '').replace(/\/+$/, '')}/`;
  const at = file.indexOf(folder);
  return at < 0 || (at > 0 && !root.startsWith('~')) ? null : file.slice(at + folder.length);
}

export class Navigation {
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly kernels: Kernels,
    private readonly notebooks: INotebookTracker | null,
    private readonly consoles: IConsoleTracker | null
  ) {}

  /** Whether the notebook or console of a kernel is in view. */
  isVisible(kernel: string): boolean {
    if (document.hidden) return false;
    return (this.#notebook(kernel)?.isVisible ?? false) || (this.#console(kernel)?.isVisible ?? false);
  }

  /** Show the cell that made a result; resolves to a sentence where that can't be done, else to ''. */
  async show({ model, kernel }: ResultEntry): Promise<string> {
    const notebook = this.#notebook(kernel) ?? (await this.#open(kernel));
    if (notebook) {
      this.app.shell.activateById(notebook.id);
      await notebook.context.ready;
      return (await scrollToCell(notebook, model.head.where)) ? '' : 'The cell is no longer in the notebook.';
    }
    const console = this.#console(kernel);
    if (!console) return 'Nothing that is open here belongs to this kernel.';
    this.app.shell.activateById(console.id);
    return '';
  }

  #notebook(kernel: string): NotebookPanel | undefined {
    return this.notebooks?.find(panel => panel.sessionContext.session?.kernel?.id === kernel);
  }

  #console(kernel: string): Widget | undefined {
    return this.consoles?.find(panel => panel.sessionContext.session?.kernel?.id === kernel);
  }

  async #open(kernel: string): Promise<NotebookPanel | undefined> {
    const path = this.kernels.pathOf(kernel);
    if (!path.endsWith('.ipynb') || !this.app.commands.hasCommand(OPEN)) return undefined;
    const opened: unknown = await this.app.commands.execute(OPEN, { path });
    return this.notebooks?.find(panel => panel === opened);
  }
}

async function scrollToCell(panel: NotebookPanel, where: Where): Promise<boolean> {
  const notebook = panel.content;
  const { cell_id: id, execution_count: count } = where;
  const at = notebook.widgets.findIndex(({ model }) => {
    if (id !== null || count === null) return model.id === id;
    return model.type === 'code' && model.sharedModel.toJSON().execution_count === count;
  });
  const cell = notebook.widgets[at];
  if (!cell) return false;
  notebook.activeCellIndex = at;
  notebook.deselectAll();
  await notebook.scrollToCell(cell, 'center');
  notebook.activate();
  return true;
}

/** Brings the cell of a result into view. */

import type { IConsoleTracker } from '@jupyterlab/console';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { Widget } from '@lumino/widgets';

import type { Entry, Links } from '../kernel/kernels';
import type { Where } from '../protocol/figures';

export class Places {
  readonly #app: JupyterFrontEnd;
  readonly #links: Links;
  readonly #notebooks: INotebookTracker | null;
  readonly #consoles: IConsoleTracker | null;

  constructor(
    app: JupyterFrontEnd,
    links: Links,
    notebooks: INotebookTracker | null,
    consoles: IConsoleTracker | null
  ) {
    this.#app = app;
    this.#links = links;
    this.#notebooks = notebooks;
    this.#consoles = consoles;
  }

  /** Whether somebody who looks at this page sees the notebook of a kernel. */
  visible(kernel: string): boolean {
    if (document.hidden) return false;
    return (this.#notebook(kernel)?.isVisible ?? false) || (this.#console(kernel)?.isVisible ?? false);
  }

  /** Show where a result was made; resolves to a sentence where that can't be done. */
  async show({ model, kernel }: Entry): Promise<string> {
    const notebook = this.#notebook(kernel) ?? (await this.#open(kernel));
    if (notebook) {
      this.#app.shell.activateById(notebook.id);
      await notebook.context.ready;
      return (await scrollTo(notebook, model.head.where)) ? '' : 'The cell is no longer in the notebook.';
    }
    const console = this.#console(kernel);
    if (!console) return 'Nothing that is open here belongs to this kernel.';
    this.#app.shell.activateById(console.id);
    return '';
  }

  #notebook(kernel: string): NotebookPanel | undefined {
    return this.#notebooks?.find(panel => panel.sessionContext.session?.kernel?.id === kernel);
  }

  #console(kernel: string): Widget | undefined {
    return this.#consoles?.find(panel => panel.sessionContext.session?.kernel?.id === kernel);
  }

  async #open(kernel: string): Promise<NotebookPanel | undefined> {
    const path = this.#links.pathOf(kernel);
    const open = 'docmanager:open';
    if (!path.endsWith('.ipynb') || !this.#app.commands.hasCommand(open)) return undefined;
    const opened: unknown = await this.#app.commands.execute(open, { path });
    return this.#notebooks?.find(panel => panel === opened);
  }
}

async function scrollTo(panel: NotebookPanel, where: Where): Promise<boolean> {
  const notebook = panel.content;
  const byId = notebook.widgets.findIndex(cell => cell.model.id === where.cell_id);
  const at = byId >= 0 || where.cell_id !== null ? byId : numbered(panel, where.execution_count);
  const cell = notebook.widgets[at];
  if (!cell) return false;
  notebook.activeCellIndex = at;
  notebook.deselectAll();
  await notebook.scrollToCell(cell, 'center');
  notebook.activate();
  return true;
}

function numbered(panel: NotebookPanel, count: number | null): number {
  if (count === null) return -1;
  return panel.content.widgets.findIndex(
    ({ model }) => model.type === 'code' && model.sharedModel.toJSON().execution_count === count
  );
}

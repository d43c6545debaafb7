/** The commands that ask something of a result: in the palette, and behind the panel's buttons. */

import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { CommandRegistry } from '@lumino/commands';
import { Menu } from '@lumino/widgets';

import type { Entry, Links } from '../kernel/kernels';
import type { ResultsPanel } from '../panel/panel';
import type { Action, ExportFormat } from '../protocol/actions';
import type { Outcome } from '../protocol/messages';
import { grouped, plural } from '../ui/formatting';
import * as words from '../model/words';
import type { ResultModel } from '../model/result';

const CATEGORY = 'Parallel results';
const FORMATS: Record<ExportFormat, string> = {
  report: 'Report (HTML)',
  trace: 'Trace (JSON)',
  csv: 'Tasks (CSV)'
};
const LABELS: Record<Action, string> = {
  cancel: 'Cancel Queued Tasks',
  interrupt: 'Interrupt Running Tasks…',
  retry: 'Retry Failed Tasks',
  export: 'Export As'
};

interface Asking {
  commands: CommandRegistry;
  palette: ICommandPalette | null;
  links: Links;
  panel: ResultsPanel;
}

/** Add a command for each action; without the argument `result` it is about the panel's current one. */
export function addActions({ commands, palette, links, panel }: Asking): void {
  const about = (args: { result?: unknown }): Entry | undefined =>
    typeof args.result === 'string'
      ? links.all().find(({ model }) => model.id === args.result)
      : (panel.current ?? links.all()[0]);
  for (const action of Object.keys(LABELS) as Action[]) {
    const command = `ipar-results:${action}`;
    commands.addCommand(command, {
      label: args => label(action, args.format, about(args), args.result === undefined),
      isEnabled: args => about(args)?.model.actions.includes(action) ?? false,
      execute: async args => {
        const entry = about(args);
        if (entry) await carryOut(action, args.format, entry.model, panel);
      }
    });
    for (const args of action === 'export' ? Object.keys(FORMATS).map(format => ({ format })) : [{}]) {
      palette?.addItem({ command, category: CATEGORY, args });
    }
  }
}

/** Let somebody choose a format, below the button that asks. */
export function chooseFormat(commands: CommandRegistry, result: string, from: HTMLElement): void {
  const menu = new Menu({ commands });
  for (const format of Object.keys(FORMATS)) {
    menu.addItem({ command: 'ipar-results:export', args: { format, result } });
  }
  menu.aboutToClose.connect(() => {
    from.focus();
  });
  const { left, bottom } = from.getBoundingClientRect();
  menu.open(left, bottom);
}

function label(action: Action, format: unknown, entry: Entry | undefined, named: boolean): string {
  const kind = action === 'export' ? FORMATS[asFormat(format)] : '';
  if (!named) return kind || LABELS[action];
  const text = kind ? `${LABELS[action]} ${kind}` : LABELS[action];
  return entry ? `${text}: ${words.name(entry.model.head)}` : text;
}

function asFormat(format: unknown): ExportFormat {
  return typeof format === 'string' && format in FORMATS ? (format as ExportFormat) : 'report';
}

async function carryOut(action: Action, format: unknown, model: ResultModel, panel: ResultsPanel): Promise<void> {
  const { commands } = model;
  if (!commands || (action === 'interrupt' && !(await agreed(model)))) return;
  panel.say('');
  const tell = (_: unknown, outcome: Outcome): void => {
    if (outcome.action !== action) return;
    model.outcome.disconnect(tell);
    panel.say(outcome.message, outcome.status === 'error');
  };
  model.outcome.connect(tell);
  try {
    if (action === 'export') await commands.exportAs(asFormat(format));
    else await commands[action]();
  } catch (error) {
    model.outcome.disconnect(tell);
    panel.say(words.reason(error), true);
  }
}

async function agreed({ head }: ResultModel): Promise<boolean> {
  const running = `This stops ${plural(head.running, 'running task')}`;
  const answer = await showDialog({
    title: `Interrupt ${words.name(head)}?`,
    body: head.queued ? `${running} and cancels ${grouped(head.queued)} queued.` : `${running}.`,
    buttons: [Dialog.cancelButton({ label: 'Leave them' }), Dialog.warnButton({ label: 'Interrupt' })]
  });
  return answer.button.accept;
}

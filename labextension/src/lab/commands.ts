/** Commands for the actions on a result, in the palette and behind the buttons of the panel. */

import { Dialog, showDialog, type ICommandPalette } from '@jupyterlab/apputils';
import type { CommandRegistry } from '@lumino/commands';
import { Menu } from '@lumino/widgets';

import type { ResultEntry, Kernels } from '../kernel/kernels';
import type { ResultModel } from '../model/result';
import * as words from '../model/words';
import type { ResultsPanel } from '../panel/panel';
import { ACTIONS, ACTION_NAMES, isExportFormat } from '../protocol/actions';
import type { Action, ActionEntry, ActionOptions } from '../protocol/actions';
import type { Outcome } from '../protocol/messages';

const CATEGORY = 'Parallel results';

/** Add a command for each action. Its argument `result` defaults to the current result of the panel. */
export function addCommands(
  commands: CommandRegistry,
  palette: ICommandPalette | null,
  kernels: Kernels,
  panel: ResultsPanel
): void {
  const target = (args: { result?: unknown }): ResultEntry | undefined =>
    typeof args.result === 'string'
      ? kernels.all().find(({ model }) => model.id === args.result)
      : (panel.current ?? kernels.all()[0]);
  for (const action of ACTION_NAMES) {
    const command = `ipar-results:${action}`;
    commands.addCommand(command, {
      label: args => label(ACTIONS[action], args.format, target(args), args.result === undefined),
      isEnabled: args => target(args)?.model.actions.includes(action) ?? false,
      execute: async args => {
        const entry = target(args);
        if (entry) await execute(action, options(ACTIONS[action], args.format), entry.model, panel);
      }
    });
    const { formats } = ACTIONS[action];
    for (const args of formats ? Object.keys(formats.names).map(format => ({ format })) : [{}]) {
      palette?.addItem({ command, category: CATEGORY, args });
    }
  }
}

/** Execute the command of an action; one that needs a format opens a menu below the button that was pressed. */
export function executeFrom(commands: CommandRegistry, action: Action, result: string, button: HTMLElement): void {
  const command = `ipar-results:${action}`;
  const { formats } = ACTIONS[action];
  if (!formats) {
    void commands.execute(command, { result });
    return;
  }
  const menu = new Menu({ commands });
  for (const format of Object.keys(formats.names)) menu.addItem({ command, args: { format, result } });
  menu.aboutToClose.connect(() => button.focus());
  const { left, bottom } = button.getBoundingClientRect();
  menu.open(left, bottom);
}

function options({ formats }: ActionEntry, format: unknown): ActionOptions {
  return formats ? { format: isExportFormat(format) ? format : 'report' } : {};
}

function label(entry: ActionEntry, given: unknown, target: ResultEntry | undefined, named: boolean): string {
  const { format } = options(entry, given);
  const name = format && entry.formats ? entry.formats.names[format] : '';
  if (!named) return name || entry.command;
  const text = name ? `${entry.command} ${name}` : entry.command;
  return target ? `${text}: ${words.resultName(target.model.head)}` : text;
}

async function execute(
  action: Action,
  options: ActionOptions,
  model: ResultModel,
  panel: ResultsPanel
): Promise<void> {
  if (!model.request || !(await confirmed(ACTIONS[action], model))) return;
  panel.notice.clear();
  const showOutcome = (_: unknown, outcome: Outcome): void => {
    if (outcome.action !== action) return;
    model.outcome.disconnect(showOutcome);
    panel.notice.show(outcome.message, outcome.status === 'error', outcome.path);
  };
  model.outcome.connect(showOutcome);
  try {
    await model.request({ type: action, result: model.id, ...options });
  } catch (error) {
    model.outcome.disconnect(showOutcome);
    panel.notice.show(words.reason(error), true);
  }
}

async function confirmed({ label, confirmation }: ActionEntry, { head }: ResultModel): Promise<boolean> {
  if (!confirmation) return true;
  const answer = await showDialog({
    title: `${label} ${words.resultName(head)}?`,
    body: confirmation.warning(head),
    buttons: [Dialog.cancelButton({ label: confirmation.keep }), Dialog.warnButton({ label })]
  });
  return answer.button.accept;
}

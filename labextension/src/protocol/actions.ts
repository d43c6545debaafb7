/**
 * Table of actions that the kernel may offer for a result. A button on the card and in the panel, a command of the
 * palette and the request to the kernel all derive from it: a new action is one entry.
 */

import { formatCount, plural } from '../ui/formatting';
import type { Figures } from './figures';

/** Formats of an export by their names on the wire. */
const EXPORT_FORMATS = { report: 'Report (HTML)', trace: 'Trace (JSON)', csv: 'Tasks (CSV)' } as const;
export type ExportFormat = keyof typeof EXPORT_FORMATS;

/** What a request for an action may carry beside the result. */
export interface ActionOptions {
  format?: ExportFormat;
}

/** A question before the action is carried out. */
interface Confirmation {
  /** On the card. */
  question: (figures: Figures) => string;
  accept: string;
  reject: string;
  /** In a dialog, below a title that names the result. */
  warning: (figures: Figures) => string;
  keep: string;
}

export interface ActionEntry {
  label: string;
  tooltip?: string;
  /** Name of the command in the palette. */
  command: string;
  /** The inputs that it concerns: how many, and their states. They complete the label of the card's button. */
  inputs?: (figures: Figures) => { count: number; states: string };
  confirmation?: Confirmation;
  /** Choices of the option `format`, with a name for all of them. */
  formats?: { label: string; prompt: string; names: Record<ExportFormat, string> };
}

/** What an interrupt ends; `cancel` is the verb for the queued tasks. */
const ended = ({ running, queued }: Figures, cancel: string): string =>
  plural(running, 'running task') + (queued ? ` and ${cancel} ${formatCount(queued)} queued` : '');

const TABLE = {
  cancel: { label: 'Cancel', tooltip: 'Cancel what is queued', command: 'Cancel Queued Tasks' },
  interrupt: {
    label: 'Interrupt',
    tooltip: 'Cancel what is queued and stop what runs',
    command: 'Interrupt Running Tasks…',
    confirmation: {
      question: figures => `Stop ${ended(figures, 'cancel')}?`,
      accept: 'Yes, stop them',
      reject: 'No',
      warning: figures => `This stops ${ended(figures, 'cancels')}.`,
      keep: 'Leave them'
    }
  },
  retry: {
    label: 'Retry',
    command: 'Retry Failed and Cancelled Tasks',
    inputs: ({ failed, aborted }) => ({
      count: failed + aborted,
      states: [failed && 'failed', aborted && 'cancelled'].filter(Boolean).join(' and ')
    })
  },
  export: {
    label: 'Export',
    command: 'Export As',
    formats: { label: 'Export as', prompt: 'Save as', names: EXPORT_FORMATS }
  }
} satisfies Record<string, ActionEntry>;

export type Action = keyof typeof TABLE;
export const ACTIONS: Readonly<Record<Action, ActionEntry>> = TABLE;
export const ACTION_NAMES = Object.keys(ACTIONS) as Action[];

export function isAction(name: string): name is Action {
  return Object.hasOwn(ACTIONS, name);
}

export function isExportFormat(name: unknown): name is ExportFormat {
  return typeof name === 'string' && Object.hasOwn(EXPORT_FORMATS, name);
}

/** The buttons of a card: pressed at once, answered by the kernel, and what came of it as a plain line. */

import { button, el, say, set } from '../ui/dom';
import { grouped, plural } from '../ui/formatting';
import * as words from '../model/words';
import type { ResultModel } from '../model/result';
import type { Action, ExportFormat } from '../protocol/actions';
import type { Outcome } from '../protocol/messages';

const FORMATS: [ExportFormat, string][] = [
  ['report', 'Report (HTML)'],
  ['trace', 'Trace (JSON)'],
  ['csv', 'Tasks (CSV)']
];

export class ActionsView {
  /** The buttons. */
  readonly node = el('span', { class: 'ipar-actions' });
  /** What is asked back, the formats of an export, and the line that says what came of it. */
  readonly below: HTMLElement[];
  readonly #confirm = el('div', { class: 'ipar-ask', role: 'group', hidden: true });
  readonly #formats = el('div', {
    class: 'ipar-ask',
    role: 'group',
    'aria-label': 'Export as',
    hidden: true
  });
  readonly #outcome = el('p', { class: 'ipar-outcome', role: 'status' });
  readonly #question = el('span');
  readonly #retried = el('span', { class: 'ipar-retried' });
  readonly #buttons: Record<Action, HTMLButtonElement>;
  readonly #pending = new Set<Action>();
  #model: ResultModel | null = null;

  constructor() {
    this.#buttons = {
      cancel: button('Cancel', { title: 'Cancel what is queued' }, () => {
        void this.#do('cancel', model => model.commands?.cancel());
      }),
      interrupt: button(
        'Interrupt',
        { title: 'Cancel what is queued and stop what runs', 'aria-expanded': 'false' },
        () => {
          this.#fold(this.#confirm, this.#buttons.interrupt);
        }
      ),
      retry: button('', {}, () => {
        void this.#do('retry', model => model.commands?.retry());
      }),
      export: button('Export', { 'aria-expanded': 'false' }, () => {
        this.#fold(this.#formats, this.#buttons.export);
      })
    };
    // The number is drawn by the style: the button's name stays the same.
    this.#buttons.retry.append('Retry ', this.#retried, 'failed');
    this.node.append(...Object.values(this.#buttons));
    this.#confirm.append(
      this.#question,
      button('Yes, stop them', {}, () => {
        this.#fold(this.#confirm, this.#buttons.interrupt);
        void this.#do('interrupt', model => model.commands?.interrupt());
      }),
      button('No', {}, () => {
        this.#fold(this.#confirm, this.#buttons.interrupt);
      })
    );
    this.#formats.append(
      el('span', {}, 'Save as'),
      ...FORMATS.map(([format, label]) =>
        button(label, {}, () => {
          this.#fold(this.#formats, this.#buttons.export);
          void this.#do('export', model => model.commands?.exportAs(format));
        })
      )
    );
    this.below = [this.#confirm, this.#formats, this.#outcome];
    for (const [row, from] of [
      [this.#confirm, this.#buttons.interrupt],
      [this.#formats, this.#buttons.export]
    ] as const) {
      row.addEventListener('keydown', event => {
        if (event.key === 'Escape') this.#fold(row, from);
      });
    }
  }

  update(model: ResultModel): void {
    if (model !== this.#model) {
      this.#model = model;
      this.#pending.clear();
      say(this.#outcome, '');
    }
    const { head } = model;
    for (const [action, node] of Object.entries(this.#buttons) as [Action, HTMLButtonElement][]) {
      const possible = model.actions.includes(action);
      const pending = this.#pending.has(action);
      set(node, 'hidden', !possible);
      set(node, 'aria-disabled', pending ? 'true' : undefined);
    }
    set(this.#retried, 'data-count', grouped(head.failed + head.aborted));
    const running = plural(head.running, 'running task');
    say(
      this.#question,
      head.queued ? `Stop ${running} and cancel ${grouped(head.queued)} queued?` : `Stop ${running}?`
    );
    for (const [row, action] of [
      [this.#confirm, 'interrupt'],
      [this.#formats, 'export']
    ] as const) {
      if (!model.actions.includes(action)) set(row, 'hidden', true);
    }
  }

  /** What came of a request. */
  tell(outcome: Outcome): void {
    const known = outcome.path !== undefined && !outcome.message.includes(outcome.path);
    this.say(
      known ? `${outcome.message} ${outcome.path ?? ''}` : outcome.message,
      outcome.status === 'error'
    );
  }

  say(text: string, bad = false): void {
    set(this.#outcome, 'class', `ipar-outcome${bad ? ' ipar-trouble' : ''}`);
    say(this.#outcome, text);
  }

  async #do(action: Action, ask: (model: ResultModel) => Promise<void> | undefined): Promise<void> {
    const model = this.#model;
    if (!model || this.#pending.has(action)) return;
    this.#pending.add(action);
    this.say('');
    this.update(model);
    try {
      await (ask(model) ?? Promise.reject(new Error('No answer from the kernel.')));
    } catch (error) {
      if (model === this.#model) this.say(words.reason(error), true);
    } finally {
      if (model === this.#model) {
        this.#pending.delete(action);
        this.update(model);
      }
    }
  }

  #fold(row: HTMLElement, from: HTMLButtonElement): void {
    const open = row.hidden;
    set(row, 'hidden', !open);
    set(from, 'aria-expanded', String(open));
    (open ? row.querySelector('button') : from)?.focus();
  }
}

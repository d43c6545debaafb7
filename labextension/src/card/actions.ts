/** Buttons for the actions on a result. A request is sent at once; its outcome is a line below. */

import type { ResultModel } from '../model/result';
import * as words from '../model/words';
import { ACTIONS, ACTION_NAMES, type Action, type ActionOptions, type ExportFormat } from '../protocol/actions';
import type { Outcome } from '../protocol/messages';
import { button, el, setText, setAttribute } from '../ui/dom';
import { formatCount } from '../ui/formatting';
import { Notice, type FindFile } from '../ui/notice';

interface Control {
  action: Action;
  button: HTMLButtonElement;
  /** Confirmation or formats, which the button unfolds; null where it sends the request. */
  fold: HTMLElement | null;
  question: HTMLElement;
  count: HTMLElement;
  states: HTMLElement;
}

export class ActionsView {
  /** The buttons. */
  readonly node = el('span', { class: 'ipar-actions' });
  /** The folds of the buttons, and the line for the outcome. */
  readonly below: HTMLElement[];
  readonly #controls: readonly Control[];
  readonly #notice: Notice;
  readonly #pending = new Set<Action>();
  #model: ResultModel | null = null;
  #finished = false;

  constructor(findFile: FindFile | null) {
    this.#notice = new Notice(findFile);
    this.#controls = ACTION_NAMES.map(action => this.#control(action));
    this.node.append(...this.#controls.map(control => control.button));
    this.below = [...this.#controls.flatMap(({ fold }) => fold ?? []), this.#notice.node];
  }

  update(model: ResultModel): void {
    if (model !== this.#model) {
      this.#model = model;
      this.#pending.clear();
      this.#notice.clear();
    }
    if (model.head.finished && !this.#finished) this.#notice.expire();
    this.#finished = model.head.finished;
    for (const { action, button, fold, question, count, states } of this.#controls) {
      const entry = ACTIONS[action];
      const possible = model.actions.includes(action);
      setAttribute(button, 'hidden', !possible);
      setAttribute(button, 'aria-disabled', this.#pending.has(action) ? 'true' : undefined);
      if (fold && !possible) setAttribute(fold, 'hidden', true);
      if (entry.confirmation) setText(question, entry.confirmation.question(model.head));
      if (entry.inputs) {
        const inputs = entry.inputs(model.head);
        // The style draws the number, so that the name of the button stays the same.
        setAttribute(count, 'data-count', formatCount(inputs.count));
        setText(states, inputs.states);
      }
    }
  }

  showOutcome({ message, path, status }: Outcome): void {
    this.#notice.show(message, status === 'error', path);
  }

  #control(action: Action): Control {
    const { label, tooltip, inputs, confirmation, formats } = ACTIONS[action];
    const attributes = { class: 'ipar-ask', role: 'group', 'aria-label': formats?.label, hidden: true };
    const fold = confirmation || formats ? el('div', attributes) : null;
    const expanded = fold ? 'false' : undefined;
    const control: Control = {
      action,
      button: button(inputs ? `${label} ` : label, { title: tooltip, 'aria-expanded': expanded }, () => {
        if (fold) this.#toggle(control);
        else void this.#request(action);
      }),
      fold,
      question: el('span'),
      count: el('span', { class: 'ipar-retried' }),
      states: el('span')
    };
    if (inputs) control.button.append(control.count, control.states);
    const choice = (text: string, options?: ActionOptions): HTMLButtonElement =>
      button(text, {}, () => {
        this.#toggle(control);
        if (options) void this.#request(action, options);
      });
    if (confirmation) {
      fold?.append(control.question, choice(confirmation.accept, {}), choice(confirmation.reject));
    }
    if (formats) {
      const names = Object.entries(formats.names) as [ExportFormat, string][];
      fold?.append(el('span', {}, formats.prompt), ...names.map(([format, name]) => choice(name, { format })));
    }
    fold?.addEventListener('keydown', event => {
      if (event.key === 'Escape') this.#toggle(control);
    });
    return control;
  }

  async #request(action: Action, options: ActionOptions = {}): Promise<void> {
    const model = this.#model;
    if (!model || this.#pending.has(action)) return;
    this.#pending.add(action);
    this.#notice.clear();
    this.update(model);
    try {
      if (!model.request) throw new Error(words.NO_ANSWER);
      await model.request({ type: action, result: model.id, ...options });
    } catch (error) {
      if (model === this.#model) this.#notice.show(words.reason(error), true);
    } finally {
      if (model === this.#model) {
        this.#pending.delete(action);
        this.update(model);
      }
    }
  }

  #toggle({ button, fold }: Control): void {
    if (!fold) return;
    const open = fold.hidden;
    setAttribute(fold, 'hidden', !open);
    setAttribute(button, 'aria-expanded', String(open));
    (open ? fold.querySelector('button') : button)?.focus();
  }
}

/** Draws our MIME type in an output: the live result where a kernel knows it, else what the notebook keeps. */

import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { ISignal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { Card } from '../card/card';
import type { CardSettings } from '../card/card';
import { figuresOf } from '../protocol/figures';
import { checkSaved } from '../protocol/saved';
import type { SavedResult } from '../protocol/saved';
import { MIME_TYPE } from '../protocol/types';
import type { RenderOutput } from '../card/task-details';
import { el } from '../ui/dom';
import { ResultModel } from '../model/result';
import { keep } from '../model/save';

/** The results that some kernel tells of. */
export interface Results {
  find(id: string): ResultModel | null | undefined;
  /** Emitted when results came or went. */
  readonly changed: ISignal<unknown, unknown>;
}

export interface RendererOptions {
  results: Results;
  settings: CardSettings;
  render?: RenderOutput;
}

/** How long the kernel has to replace the output of a result that ended, in milliseconds. */
const PATIENCE = 3_000;

export class ResultRenderer extends Widget implements IRenderMime.IRenderer {
  readonly #options: RendererOptions;
  #card: Card | null = null;
  #mime: IRenderMime.IMimeModel | null = null;
  #saved: SavedResult | null = null;
  #static: ResultModel | null = null;
  #live: ResultModel | null = null;
  #timer = 0;

  constructor(options: RendererOptions) {
    super();
    this.#options = options;
    this.addClass('ipar-output-widget');
    options.results.changed.connect(this.#choose, this);
  }

  /** Show a MIME model; called again for every update of the same output. */
  renderModel(mime: IRenderMime.IMimeModel): Promise<void> {
    this.#mime = mime;
    const checked = checkSaved(mime.data[MIME_TYPE]);
    if (!checked.ok) {
      this.#drop();
      this.node.replaceChildren(el('p', { class: 'ipar-result ipar-plain' }, checked.error));
      return Promise.resolve();
    }
    this.#saved = checked.value;
    this.#static = null;
    this.#choose();
    return Promise.resolve();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.#options.results.changed.disconnect(this.#choose, this);
    this.#drop();
    // Lab may keep an output that it has closed; the card need not stay with it
    this.node.replaceChildren();
    super.dispose();
  }

  /** The live result, else the one it was until now, else what was saved. */
  #choose(): void {
    const saved = this.#saved;
    if (!saved) return;
    const live = this.#options.results.find(saved.id) ?? null;
    if (live) {
      if (overtaken(live, saved)) live.apply({ id: live.id, head: figuresOf(saved) });
      this.#follow(live);
    } else if (this.#live?.id === saved.id && this.#live.connection !== 'live' && !saved.finished) return;
    else this.#follow(null);
    const model = live ?? (this.#static ??= ResultModel.fromSaved(saved));
    if (!this.#card) {
      const { settings, render } = this.#options;
      this.#card = new Card({ settings, ...(render ? { render } : {}) });
      this.node.replaceChildren(this.#card.node);
    }
    this.#card.setModel(model);
  }

  #follow(live: ResultModel | null): void {
    if (live === this.#live) {
      if (live) this.#settle(live);
      return;
    }
    this.#live?.changed.disconnect(this.#settle, this);
    this.#live = live;
    live?.changed.connect(this.#settle, this);
    if (live) this.#settle(live);
  }

  /** After a reload the kernel's last word does not reach the saved output: it has to be written there. */
  #settle(live: ResultModel): void {
    if (!live.head.finished || this.#saved?.finished !== false || this.#timer) return;
    this.#timer = window.setTimeout(() => {
      this.#timer = 0;
      void this.#write(live);
    }, PATIENCE);
  }

  /** Have the notebook keep the end: the kernel's whole card, or the facts known here where it gives none. */
  async #write(live: ResultModel): Promise<void> {
    const due = (): boolean =>
      live === this.#live && live.head.finished && this.#saved?.finished === false && !this.isDisposed;
    if (!due()) return;
    const whole = await live.commands?.bundle().catch(() => null);
    if (!due()) return;
    const kept = whole?.[MIME_TYPE].finished === true ? { ...whole } : keep(live);
    this.#mime?.setData({ data: { ...this.#mime.data, ...kept } });
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#follow(null);
    this.#card?.dispose();
    this.#card = null;
    this.#saved = this.#static = null;
  }
}

/** Whether the output holds the end of a result of which the kernel's link has not told it yet. */
function overtaken(live: ResultModel, saved: SavedResult): boolean {
  return saved.finished && !live.head.finished && live.head.time < saved.time;
}

/** Renderer of our MIME type: shows the live result where a kernel has it, else the saved one. */

import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Widget } from '@lumino/widgets';

import { Card, type CardOptions } from '../card/card';
import type { Kernels } from '../kernel/kernels';
import { ResultModel } from '../model/result';
import { toMimeBundle } from '../model/save';
import { figuresOf } from '../protocol/figures';
import { checkSaved, type SavedResult } from '../protocol/saved';
import { MIME_TYPE } from '../protocol/types';
import { el } from '../ui/dom';

export interface RendererOptions extends CardOptions {
  kernels: Pick<Kernels, 'find' | 'changed'>;
}

/** Milliseconds for the kernel to replace the output of a result that ended. */
const GRACE_PERIOD = 3_000;
/** Milliseconds in which a kernel reports an unfinished result, unless none has it. */
const CONNECT_TIME = 3_000;

export class ResultRenderer extends Widget implements IRenderMime.IRenderer {
  #card: Card | null = null;
  #mime: IRenderMime.IMimeModel | null = null;
  #saved: SavedResult | null = null;
  #static: ResultModel | null = null;
  #live: ResultModel | undefined;
  #timer = 0;
  #connectTimer = 0;
  #isConnecting = true;

  constructor(private readonly options: RendererOptions) {
    super();
    this.addClass('ipar-output-widget');
    options.kernels.changed.connect(this.#update, this);
  }

  /** Show a MIME model; called again for every update of the same output. */
  renderModel(mime: IRenderMime.IMimeModel): Promise<void> {
    this.#mime = mime;
    const checked = checkSaved(mime.data[MIME_TYPE]);
    if (checked.ok) {
      this.#saved = checked.value;
      this.#static = null;
      this.#update();
    } else {
      this.#clear();
      this.node.replaceChildren(el('p', { class: 'ipar-result ipar-plain' }, checked.error));
    }
    return Promise.resolve();
  }

  override dispose(): void {
    this.#clear();
    // JupyterLab may keep a closed output in memory; the card must not stay with it.
    this.node.replaceChildren();
    super.dispose();
  }

  /** Show the live result, else the model that was live until now, else the saved one. */
  #update(): void {
    const saved = this.#saved;
    if (!saved) return;
    const live = this.options.kernels.find(saved.id);
    if (live) {
      if (isBehind(live, saved)) live.apply({ id: live.id, head: figuresOf(saved) });
      this.#follow(live);
    } else if (this.#live?.id === saved.id && this.#live.connection !== 'live' && !saved.finished) return;
    else this.#follow();
    const model = live ?? (this.#static ??= this.#restore(saved));
    if (!this.#card) {
      this.#card = new Card(this.options);
      this.node.replaceChildren(this.#card.node);
    }
    this.#card.setModel(model);
  }

  /** Make the model of a saved result, of which a kernel may be about to report. */
  #restore(saved: SavedResult): ResultModel {
    const model = ResultModel.fromSaved(saved);
    if (!saved.finished && this.#isConnecting) {
      model.connection = 'connecting';
      this.#connectTimer ||= window.setTimeout(() => {
        this.#isConnecting = false;
        if (this.#static) this.#static.connection = 'static';
      }, CONNECT_TIME);
    }
    return model;
  }

  #follow(live?: ResultModel): void {
    if (live !== this.#live) {
      this.#live?.changed.disconnect(this.#saveOnceFinished, this);
      this.#live = live;
      live?.changed.connect(this.#saveOnceFinished, this);
    }
    if (live) this.#saveOnceFinished(live);
  }

  /** After a reload the kernel can't update the output: the page saves the end of the result there. */
  #saveOnceFinished(live: ResultModel): void {
    if (!live.head.finished || this.#saved?.finished !== false || this.#timer) return;
    this.#timer = window.setTimeout(() => {
      this.#timer = 0;
      void this.#save(live);
    }, GRACE_PERIOD);
  }

  /** Save the end of a result: the kernel's bundle, or one made here where the kernel gives none. */
  async #save(live: ResultModel): Promise<void> {
    const isDue = (): boolean =>
      live === this.#live && live.head.finished && this.#saved?.finished === false && !this.isDisposed;
    if (!isDue()) return;
    const bundle = await live.request?.({ type: 'bundle', result: live.id }).catch(() => null);
    if (!isDue()) return;
    const complete = bundle?.[MIME_TYPE].finished === true ? { ...bundle } : toMimeBundle(live);
    this.#mime?.setData({ data: { ...this.#mime.data, ...complete } });
  }

  #clear(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#connectTimer);
    this.#timer = this.#connectTimer = 0;
    this.#follow();
    this.#card?.dispose();
    this.#card = null;
    this.#saved = this.#static = null;
  }
}

/** Whether the output holds the end of a result, and the kernel's message about it has not arrived yet. */
function isBehind(live: ResultModel, saved: SavedResult): boolean {
  return saved.finished && !live.head.finished && live.head.time < saved.time;
}

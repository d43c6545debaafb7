/** Page of cards without JupyterLab; `window.gallery` draws and measures them. */

import '../../style/card.css';
import '../../style/panel.css';

import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { Card } from '../../src/card/card';
import type { ResultEntry, Kernels } from '../../src/kernel/kernels';
import { ResultModel } from '../../src/model/result';
import { ResultsPanel } from '../../src/panel/panel';
import { NO_HEAD } from '../../src/protocol/figures';
import { Painter } from '../../src/timeline/paint';
import { SCENES } from './scenes';

interface Timing {
  draws: number[];
  frames: number[];
}

type Method = (this: Painter, ...given: unknown[]) => void;

const cards: Card[] = [];
const draws: number[] = [];

for (const name of ['drawEnded', 'draw'] as const) {
  // The time of a picture is that of both methods.
  const original = Object.getOwnPropertyDescriptor(Painter.prototype, name)?.value as Method;
  Object.defineProperty(Painter.prototype, name, {
    value(this: Painter, ...given: unknown[]) {
      const began = performance.now();
      original.apply(this, given);
      const took = performance.now() - began;
      if (name === 'drawEnded') draws.push(took);
      else if (draws.length) draws[draws.length - 1]! += took;
    }
  });
}

function show(names: string[], width: number): void {
  for (const card of cards.splice(0)) card.dispose();
  const column = document.createElement('div');
  column.style.width = `${width}px`;
  for (const name of names) {
    const card = new Card({ settings: { timelineOpen: true } });
    cards.push(card);
    card.node.style.marginBottom = '14px';
    card.node.dataset.scene = name;
    column.append(card.node);
    const model = SCENES[name]?.();
    if (model) card.setModel(model);
  }
  document.body.replaceChildren(column);
}

/** Open all folds, and a task where there is one. */
async function unfold(): Promise<void> {
  for (const fold of document.querySelectorAll<HTMLElement>(
    '.ipar-fold[aria-expanded="false"]:not([hidden])'
  ))
    fold.click();
  for (const details of document.querySelectorAll('details')) details.open = true;
  document.querySelector<HTMLElement>('.ipar-part tbody button')?.click();
  const lanes = document.querySelector<HTMLElement>('.ipar-lanes');
  lanes?.focus();
  for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowRight']) {
    lanes?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
  }
  await frame();
}

function frame(): Promise<number> {
  return new Promise(resolve => requestAnimationFrame(resolve));
}

/** Pan and zoom the first card for some frames. */
async function measure(frames: number): Promise<Timing> {
  const lanes = document.querySelector<HTMLElement>('.ipar-lanes');
  if (!lanes) throw new Error('no timeline');
  const key = (name: string, shiftKey = false): boolean =>
    lanes.dispatchEvent(new KeyboardEvent('keydown', { key: name, shiftKey, bubbles: true }));
  key('+');
  await frame();
  draws.length = 0;
  const gaps: number[] = [];
  let before = await frame();
  for (let i = 0; i < frames; i++) {
    const box = lanes.getBoundingClientRect();
    const deltaX = i % 60 < 30 ? 4 : -4;
    lanes.dispatchEvent(
      new WheelEvent('wheel', { deltaX, clientX: box.left + 200, bubbles: true, cancelable: true })
    );
    const now = await frame();
    gaps.push(now - before);
    before = now;
  }
  return { draws: [...draws], frames: gaps };
}

/** Scroll the panel through a number of results, one screen in each frame. */
async function scroll(results: number, frames: number): Promise<number[]> {
  for (const card of cards.splice(0)) card.dispose();
  document.body.replaceChildren();
  const owner = {};
  const entries = Array.from({ length: results }, (_, i): ResultEntry => {
    const model = new ResultModel(`r${i}`);
    const head = { ...NO_HEAD, name: `simulate_${i}`, total: 100, done: i % 101, ok: i % 101, base: i };
    model.apply({ id: model.id, head: { ...head, state: 'running', running: 1 } }, true);
    return { model, kernel: 'k' };
  });
  const kernels = {
    changed: new Signal(owner),
    updated: new Signal<object, void>(owner),
    all: () => entries,
    pathOf: () => 'climate.ipynb'
  };
  const panel = new ResultsPanel(kernels as unknown as Kernels, { openCell: () => undefined, run: () => undefined });
  Widget.attach(panel, document.body);
  panel.node.style.height = '480px';
  kernels.updated.emit();
  await frame();
  await frame();
  const rows = panel.node.querySelector<HTMLElement>('.ipar-scroll');
  if (!rows || rows.scrollHeight < 60 * results) throw new Error('the panel does not list them all');
  const gaps: number[] = [];
  let before = await frame();
  for (let i = 0; i < frames; i++) {
    rows.scrollTop += 400;
    // Five updates a second, as from a busy kernel.
    if (i % 12 === 0) kernels.updated.emit();
    const now = await frame();
    gaps.push(now - before);
    before = now;
  }
  panel.dispose();
  return gaps;
}

Object.assign(window, { gallery: { scroll, show, unfold, measure, names: Object.keys(SCENES), cards } });

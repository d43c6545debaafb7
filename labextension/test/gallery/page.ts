/** A page of cards without Jupyter: `window.gallery` draws them and measures. */

import '../../style/card.css';

import { Card } from '../../src/card';
import { Painter } from '../../src/timeline-paint';
import { SCENES } from './scenes';

interface Timing {
  draws: number[];
  frames: number[];
}

type Method = (this: Painter, ...given: unknown[]) => void;

const cards: Card[] = [];
const draws: number[] = [];

for (const name of ['keep', 'draw'] as const) {
  // Each picture counts from the first stroke to the last.
  const original = Object.getOwnPropertyDescriptor(Painter.prototype, name)?.value as Method;
  Object.defineProperty(Painter.prototype, name, {
    value(this: Painter, ...given: unknown[]) {
      const began = performance.now();
      original.apply(this, given);
      const took = performance.now() - began;
      if (name === 'keep') draws.push(took);
      else if (draws.length) draws[draws.length - 1]! += took;
    }
  });
}

function show(names: string[], width: number): void {
  for (const card of cards.splice(0)) card.dispose();
  const column = document.createElement('div');
  column.style.width = `${width}px`;
  for (const name of names) {
    const card = new Card({ settings: { timeline: true } });
    cards.push(card);
    card.node.style.marginBottom = '14px';
    card.node.dataset.scene = name;
    column.append(card.node);
    const model = SCENES[name]?.();
    if (model) card.setModel(model);
  }
  document.body.replaceChildren(column);
}

/** Unfold everything, and open a task where there is one. */
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

Object.assign(window, { gallery: { show, unfold, measure, names: Object.keys(SCENES), cards } });

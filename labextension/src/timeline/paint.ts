/** Painter of the timeline: ended tasks as a cached picture, running ones on top of it. */

import { FAILED, OK } from '../model/task-columns';
import * as words from '../model/words';
import { ticks, tasksWithin } from './layout';
import type { Mark } from './marks';
import { Pixels } from './pixels';
import { AXIS, GUTTER, RIGHT, plotWidth, xOf, type Scene } from './scene';

/** Up to this number tasks are drawn as single shapes. */
const MAX_SHAPES = 1_500;

export class Painter {
  readonly #ended = document.createElement('canvas');
  readonly #pixels = new Pixels();
  #hatches = new Map<string, CanvasPattern | null>();

  /** Draw the ended tasks; needed only after a change of tasks, view, size or theme. */
  drawEnded(scene: Scene): void {
    const { width, height, ratio, lanes, scroll, span, model } = scene;
    const context = resized(this.#ended, width, height + AXIS, ratio);
    if (!context) return;
    this.#drawAxis(context, scene);
    const top = Math.floor(scroll / lanes.pitch);
    const rows = Math.min(lanes.count - top, Math.ceil(height / lanes.pitch) + 1);
    const plot = plotWidth(width);
    const shapes = tasksWithin(model.columns, lanes, span, top, rows, Math.min(MAX_SHAPES, (rows * plot) / 3));
    context.save();
    context.beginPath();
    context.rect(0, 0, width, height);
    context.clip();
    if (shapes) this.#drawShapes(context, scene, shapes);
    else this.#pixels.draw(context, scene, top, rows);
    context.restore();
    this.#drawBreaks(context, scene);
    this.#drawLabels(context, scene, top, rows);
  }

  draw(canvas: HTMLCanvasElement, scene: Scene): void {
    const context = resized(canvas, scene.width, scene.height + AXIS, scene.ratio);
    if (!context) return;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.#ended, 0, 0);
    context.setTransform(scene.ratio, 0, 0, scene.ratio, 0, 0);
    this.#drawCurrent(context, scene);
  }

  #drawAxis(context: CanvasRenderingContext2D, scene: Scene): void {
    const { span, width, height, theme } = scene;
    context.font = `10px ${theme.font}`;
    context.textBaseline = 'middle';
    const found = ticks(span, plotWidth(width));
    found.forEach(({ at, label }, i) => {
      const x = xOf(scene, at);
      context.strokeStyle = theme.line;
      context.setLineDash([2, 3]);
      drawVertical(context, x, height);
      context.setLineDash([]);
      context.fillStyle = theme.soft;
      const half = context.measureText(label).width / 2;
      const fits = i === found.length - 1 ? Math.min(x, width - half - 1) : x;
      context.textAlign = 'center';
      context.fillText(label, Math.max(GUTTER + half - 6, fits), height + AXIS / 2);
    });
  }

  /** Mark where pauses before retries are cut out by a double line. */
  #drawBreaks(context: CanvasRenderingContext2D, scene: Scene): void {
    const { model, span, height, theme } = scene;
    for (const [begin] of model.head.pauses) {
      const at = words.afterStart(begin, model.head);
      if (at < span.from || at > span.to) continue;
      const x = Math.round(xOf(scene, at));
      [theme.soft, theme.bg, theme.soft].forEach((colour, i) => {
        context.fillStyle = colour;
        context.fillRect(x + i - 1, 0, 1, height);
      });
    }
  }

  #drawLabels(context: CanvasRenderingContext2D, scene: Scene, top: number, rows: number): void {
    const { lanes, scroll, theme, height } = scene;
    const every = Math.ceil(12 / lanes.pitch);
    context.font = `${lanes.pitch < 12 ? 9 : 10}px ${theme.font}`;
    context.fillStyle = theme.soft;
    context.textAlign = 'left';
    for (let lane = Math.ceil(top / every) * every; lane < top + rows; lane += every) {
      const y = lane * lanes.pitch - scroll + Math.max(lanes.pitch - lanes.gap, 8) / 2;
      if (y > 2 && y < height) context.fillText(shortened(context, lanes.label(lane), GUTTER - 8), 0, y);
    }
  }

  /** Draw few tasks as shapes; failed ones are hatched, taller and drawn last. */
  #drawShapes(context: CanvasRenderingContext2D, scene: Scene, shapes: number[]): void {
    const { model, theme } = scene;
    const { status } = model.columns;
    for (const code of [OK, FAILED]) {
      for (const at of shapes) if (status[at] === code) this.#drawShape(context, scene, at, code);
    }
    context.globalAlpha = 1;
    context.fillStyle = theme.fg;
  }

  #drawShape(context: CanvasRenderingContext2D, scene: Scene, at: number, code: number): void {
    const { lanes, scroll, theme, model } = scene;
    const { columns } = model;
    const start = columns.start[at]!;
    const [from, to] = within(scene, start, start + (columns.duration[at]! || 0));
    const taller = code === FAILED && lanes.gap > 1 ? 1 : 0;
    const y = lanes.of[columns.slot[at]!]! * lanes.pitch - scroll - taller;
    const w = Math.max(code === OK ? 1 : 2.5, to - from - Math.min(1.2, 0.15 * (to - from)));
    const h = lanes.pitch - lanes.gap + 2 * taller;
    context.beginPath();
    context.roundRect(from, y, w, h, Math.min(1.5, w / 2));
    context.globalAlpha = code === OK ? 0.82 : 1;
    context.fillStyle = code === OK ? theme.ok : theme.bad;
    context.fill();
    if (code === OK) return;
    context.fillStyle = this.#hatch(context, theme.bg) ?? theme.bad;
    context.fill();
  }

  /** Pattern of thin diagonal lines. */
  #hatch(context: CanvasRenderingContext2D, colour: string): CanvasPattern | null {
    const cached = this.#hatches.get(colour);
    if (cached !== undefined) return cached;
    const tile = document.createElement('canvas');
    tile.width = tile.height = 5;
    const pen = tile.getContext('2d');
    if (!pen) return null;
    pen.strokeStyle = colour;
    pen.globalAlpha = 0.45;
    pen.lineWidth = 1.5;
    for (const shift of [-5, 0, 5]) {
      pen.moveTo(shift, 5);
      pen.lineTo(shift + 5, 0);
    }
    pen.stroke();
    const pattern = context.createPattern(tile, 'repeat');
    this.#hatches.set(colour, pattern);
    return pattern;
  }

  /** Draw what changes with time: running tasks, the line of now, the queued count and the focused task. */
  #drawCurrent(context: CanvasRenderingContext2D, scene: Scene): void {
    const { model, lanes, theme, height, scroll, width, now } = scene;
    const elapsed = model.elapsed(now);
    context.save();
    context.beginPath();
    context.rect(GUTTER - 3, 0, plotWidth(width) + 6, height);
    context.clip();
    context.lineWidth = 1.4;
    context.strokeStyle = context.fillStyle = theme.run;
    const { slot, since } = model.running;
    const thin = lanes.pitch < 7;
    for (let i = 0; i < slot.length; i++) {
      const lane = lanes.of[slot[i]!]!;
      const y = lane * lanes.pitch - scroll;
      if (lane < 0 || y > height || y < -lanes.pitch) continue;
      const [from, to] = within(scene, since[i]!, elapsed);
      const h = lanes.pitch - lanes.gap;
      if (to < from) continue;
      if (thin) context.fillRect(from, y, Math.max(1.5, to - from), h);
      else context.strokeRect(from + 0.7, y + 0.7, Math.max(1, to - from - 2), h - 1.4);
    }
    if (!model.head.finished) this.#drawNow(context, scene, xOf(scene, elapsed));
    if (scene.focus) this.#drawFocus(context, scene, scene.focus);
    context.restore();
  }

  #drawNow(context: CanvasRenderingContext2D, scene: Scene, at: number): void {
    const { theme, height, model, width, lanes } = scene;
    context.strokeStyle = model.isActive ? theme.run : theme.soft;
    context.lineWidth = 1;
    drawVertical(context, at, height);
    if (!model.head.queued || lanes.height < 12 || model.head.state === 'lost') return;
    context.font = `10px ${theme.font}`;
    const label = `${words.STATES.queued[0]} ${words.counted(model.head.queued, 'queued')}`;
    if (at + 12 + context.measureText(label).width > width - RIGHT) return;
    context.fillStyle = theme.soft;
    context.textAlign = 'left';
    context.textBaseline = 'middle';
    context.fillText(label, at + 8, Math.min(height, lanes.height) / 2);
  }

  #drawFocus(context: CanvasRenderingContext2D, scene: Scene, focus: Mark): void {
    const { lanes, scroll, theme, model, now } = scene;
    const end = focus.status === 'running' ? model.elapsed(now) : focus.start + (focus.duration || 0);
    const [from, to] = [xOf(scene, focus.start), xOf(scene, end)];
    const y = lanes.of[focus.slot]! * lanes.pitch - scroll;
    context.lineWidth = 2;
    context.strokeStyle = theme.fg;
    context.strokeRect(from - 1.5, y - 0.5, Math.max(4, to - from + 2), lanes.pitch - lanes.gap + 1);
  }
}

/** Both ends of a stretch of time, in CSS pixels; those out of view hardly so. */
function within(scene: Scene, from: number, to: number): [number, number] {
  return [Math.max(xOf(scene, from), GUTTER - 4), Math.min(xOf(scene, to), GUTTER + plotWidth(scene.width) + 4)];
}

function drawVertical(context: CanvasRenderingContext2D, x: number, height: number): void {
  context.beginPath();
  context.moveTo(Math.round(x) + 0.5, 0);
  context.lineTo(Math.round(x) + 0.5, height);
  context.stroke();
}

/** Resize and clear a canvas; the units of its context are CSS pixels. */
function resized(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
  ratio: number
): CanvasRenderingContext2D | null {
  const [across, down] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
  }
  const context = canvas.getContext('2d');
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  context?.clearRect(0, 0, width + 1, height + 1);
  return context;
}

/** Shorten a text to a width in CSS pixels. */
function shortened(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let kept = text;
  while (kept.length > 1 && context.measureText(`${kept}…`).width > width) kept = kept.slice(0, -1);
  return `${kept}…`;
}

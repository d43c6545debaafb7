/** Many tasks as pixels: each shows how much of its time was worked, and whether anything failed in it. */

import { Bins, HOLDS_FAILED } from './bins';
import { GUTTER, plotWidth } from './scene';
import type { Scene } from './scene';

/** Steps from little worked to worked all the time. */
const SHADES = 16;

export class Pixels {
  readonly #bins = new Bins();
  #image: ImageData | null = null;
  #palette: { key: string; words: Uint32Array } | null = null;

  draw(context: CanvasRenderingContext2D, scene: Scene, top: number, rows: number): void {
    const { lanes, scroll, span, ratio, height, width, model } = scene;
    const across = Math.floor(plotWidth(width) * ratio);
    const down = Math.ceil(height * ratio);
    this.#bins.fill(model.columns, lanes, span, across, top, rows, Math.ceil(2 * ratio));
    if (this.#image?.width !== across || this.#image.height !== down)
      this.#image = new ImageData(across, down);
    const pixels = new Uint32Array(this.#image.data.buffer);
    pixels.fill(0);
    const palette = this.#colours(scene);
    const line = new Uint32Array(across);
    const hatched = new Uint32Array(across);
    for (let row = 0; row < rows; row++) {
      const failed = this.#line(row, palette, line);
      const from = Math.round(((top + row) * lanes.pitch - scroll) * ratio);
      const to = from + Math.max(1, Math.round((lanes.pitch - lanes.gap) * ratio));
      for (let y = Math.max(0, from); y < Math.min(down, to); y++) {
        pixels.set(failed ? stripes(line, hatched, palette, y) : line, y * across);
      }
    }
    context.putImageData(this.#image, Math.round(GUTTER * ratio), 0);
  }

  /** The colours of one lane; true where something failed or was aborted. */
  #line(row: number, palette: Uint32Array, line: Uint32Array): boolean {
    const { cover, flags, width } = this.#bins;
    let failed = false;
    for (let x = 0, cell = row * width; x < width; x++, cell++) {
      const held = flags[cell]!;
      if (held) {
        failed = true;
        line[x] = held & HOLDS_FAILED ? palette[SHADES]! : palette[SHADES + 2]!;
      } else {
        const part = cover[cell]!;
        line[x] = part > 0 ? palette[Math.min(SHADES - 1, (part * SHADES) | 0)]! : 0;
      }
    }
    return failed;
  }

  /** Colours as pixels: finished by coverage, failed and its stripe, aborted and its stripe. */
  #colours({ theme }: Scene): Uint32Array {
    const key = `${theme.ok} ${theme.bad} ${theme.warn} ${theme.bg}`;
    if (this.#palette?.key === key) return this.#palette.words;
    const found = new Uint32Array(SHADES + 4);
    for (let i = 0; i < SHADES; i++) found[i] = pixel(theme.ok, theme.bg, 0.3 + (0.55 * (i + 1)) / SHADES);
    found[SHADES] = pixel(theme.bad, theme.bg, 1);
    found[SHADES + 1] = pixel(theme.bad, theme.bg, 0.6);
    found[SHADES + 2] = pixel(theme.warn, theme.bg, 1);
    found[SHADES + 3] = pixel(theme.warn, theme.bg, 0.25);
    this.#palette = { key, words: found };
    return found;
  }
}

function stripes(line: Uint32Array, out: Uint32Array, palette: Uint32Array, y: number): Uint32Array {
  out.set(line);
  const [bad, badStripe] = [palette[SHADES]!, palette[SHADES + 1]!];
  const [warn, warnStripe] = [palette[SHADES + 2]!, palette[SHADES + 3]!];
  for (let x = 0; x < line.length; x++) {
    const colour = line[x]!;
    if ((colour === bad || colour === warn) && (x + y) % 6 < 2)
      out[x] = colour === bad ? badStripe : warnStripe;
  }
  return out;
}

/** A colour over a background, as the number that stands in a picture's memory. */
function pixel(colour: string, ground: string, alpha: number): number {
  const dot = document.createElement('canvas');
  dot.width = dot.height = 1;
  const context = dot.getContext('2d', { willReadFrequently: true });
  if (!context) return 0;
  context.fillStyle = ground;
  context.fillRect(0, 0, 1, 1);
  context.globalAlpha = alpha;
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return new Uint32Array(context.getImageData(0, 0, 1, 1).data.buffer)[0]!;
}

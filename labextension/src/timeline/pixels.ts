/** Painter of many tasks as pixels: each shows how busy its lane was, and whether a task failed. */

import { Bins, HOLDS_FAILED } from './bins';
import { GUTTER, plotWidth } from './scene';
import type { Scene } from './scene';

/** Shades from hardly busy to always busy. */
const SHADES = 16;

export class Pixels {
  readonly #bins = new Bins();
  #image: ImageData | null = null;
  #palette: { key: string; colours: Uint32Array } | null = null;

  draw(context: CanvasRenderingContext2D, scene: Scene, top: number, rows: number): void {
    const { lanes, scroll, span, ratio, height, width, model } = scene;
    const across = Math.floor(plotWidth(width) * ratio);
    const down = Math.ceil(height * ratio);
    this.#bins.fill(model.columns, lanes, span, across, top, rows, Math.ceil(2 * ratio));
    if (this.#image?.width !== across || this.#image.height !== down)
      this.#image = new ImageData(across, down);
    const pixels = new Uint32Array(this.#image.data.buffer);
    pixels.fill(0);
    const palette = this.#paletteOf(scene);
    const line = new Uint32Array(across);
    const hatched = new Uint32Array(across);
    for (let row = 0; row < rows; row++) {
      const failed = this.#colourLine(row, palette, line);
      const from = Math.round(((top + row) * lanes.pitch - scroll) * ratio);
      const to = from + Math.max(1, Math.round((lanes.pitch - lanes.gap) * ratio));
      for (let y = Math.max(0, from); y < Math.min(down, to); y++) {
        pixels.set(failed ? stripes(line, hatched, palette, y) : line, y * across);
      }
    }
    context.putImageData(this.#image, Math.round(GUTTER * ratio), 0);
  }

  /** Colour the pixels of one lane; true if a task failed or was aborted. */
  #colourLine(row: number, palette: Uint32Array, line: Uint32Array): boolean {
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

  /** Palette: finished by shade, failed and its stripe, aborted and its stripe. */
  #paletteOf({ theme }: Scene): Uint32Array {
    const key = `${theme.ok} ${theme.bad} ${theme.warn} ${theme.bg}`;
    if (this.#palette?.key === key) return this.#palette.colours;
    const found = new Uint32Array(SHADES + 4);
    for (let i = 0; i < SHADES; i++) found[i] = pixel(theme.ok, theme.bg, 0.3 + (0.55 * (i + 1)) / SHADES);
    found[SHADES] = pixel(theme.bad, theme.bg, 1);
    found[SHADES + 1] = pixel(theme.bad, theme.bg, 0.6);
    found[SHADES + 2] = pixel(theme.warn, theme.bg, 1);
    found[SHADES + 3] = pixel(theme.warn, theme.bg, 0.25);
    this.#palette = { key, colours: found };
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

/** A colour over a background, as a pixel of ImageData. */
function pixel(colour: string, background: string, alpha: number): number {
  const dot = document.createElement('canvas');
  dot.width = dot.height = 1;
  const context = dot.getContext('2d', { willReadFrequently: true });
  if (!context) return 0;
  context.fillStyle = background;
  context.fillRect(0, 0, 1, 1);
  context.globalAlpha = alpha;
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return new Uint32Array(context.getImageData(0, 0, 1, 1).data.buffer)[0]!;
}

/** Painter of many tasks as pixels: each shows how busy its lane was, and whether a task failed. */

import { Bins } from './bins';
import { GUTTER, plotWidth, type Scene } from './scene';

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

  /** Colour the pixels of one lane; true if a task failed. */
  #colourLine(row: number, palette: Uint32Array, line: Uint32Array): boolean {
    const { cover, failed, width } = this.#bins;
    let any = false;
    for (let x = 0, cell = row * width; x < width; x++, cell++) {
      if (failed[cell]) {
        any = true;
        line[x] = palette[SHADES]!;
      } else {
        const part = cover[cell]!;
        line[x] = part > 0 ? palette[Math.min(SHADES - 1, (part * SHADES) | 0)]! : 0;
      }
    }
    return any;
  }

  /** Palette: finished by shade, failed and its stripe. */
  #paletteOf({ theme }: Scene): Uint32Array {
    const key = `${theme.ok} ${theme.bad} ${theme.bg}`;
    if (this.#palette?.key === key) return this.#palette.colours;
    const found = new Uint32Array(SHADES + 2);
    for (let i = 0; i < SHADES; i++) found[i] = pixel(theme.ok, theme.bg, 0.3 + (0.55 * (i + 1)) / SHADES);
    found[SHADES] = pixel(theme.bad, theme.bg, 1);
    found[SHADES + 1] = pixel(theme.bad, theme.bg, 0.6);
    this.#palette = { key, colours: found };
    return found;
  }
}

function stripes(line: Uint32Array, out: Uint32Array, palette: Uint32Array, y: number): Uint32Array {
  out.set(line);
  const [bad, badStripe] = [palette[SHADES]!, palette[SHADES + 1]!];
  for (let x = 0; x < line.length; x++) if (line[x] === bad && (x + y) % 6 < 2) out[x] = badStripe;
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

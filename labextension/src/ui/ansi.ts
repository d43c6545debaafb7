/** Sanitizer of text from tasks: colours become classes, other escape sequences and control characters are defused. */

/* eslint-disable no-control-regex -- this file removes control characters */

import { el } from './dom';
import { plural } from './formatting';

// No two neighbouring repeats share a character, so matching stays linear however hostile the text.
const SGR = /(?:\x1b\[|\x9b)([0-9;:]{0,64})m/;
const OTHER = new RegExp(
  [
    '(?:\\x1b\\[|\\x9b)(?![0-9;:]{0,64}m)[0-?]*[ -/]*[@-~]?', // cursor moves, clearing, modes
    '(?:\\x1b[\\]PX^_]|[\\x90\\x98\\x9d-\\x9f])[^\\x07\\x1b\\x9c\\n]*(?:\\x07|\\x1b\\\\|\\x9c)?', // titles, links
    '\\x1b(?!\\[)[ -/]*[0-~]?' // two-character escapes
  ].join('|'),
  'g'
);
const ALL_SGR = new RegExp(SGR, 'g');
const MAX_SGR_LENGTH = 68;
const LINE_ENDS = /\r\n|[\x85\u2028\u2029]/g;
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f]/g;
const UNSHOWABLE = /[\x80-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|\p{Surrogate}/gu;

const HUES = ['', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', ''];
const CUBE = [0, 95, 135, 175, 215, 255];
/** Runs beyond this number are joined into one without colour. */
const MAX_RUNS = 10_000;

/** Text of one style; plain text has no classes. */
export interface Run {
  classes: string;
  text: string;
}

const PLAIN = { fg: '', bg: '', bold: false, dim: false, italic: false, under: false, inverse: false };
type Style = typeof PLAIN;

const ATTRIBUTES: Record<number, Partial<Style>> = {
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { under: true },
  7: { inverse: true },
  22: { bold: false, dim: false },
  23: { italic: false },
  24: { under: false },
  27: { inverse: false },
  39: { fg: '' },
  49: { bg: '' }
};

/** Drop escape sequences and make other control characters visible; line ends and tabs stay. */
export function sanitize(text: string): string {
  return defuse(text.replace(OTHER, '').replace(ALL_SGR, ''));
}

/** Put a text on one safe line; beyond the limit it says how much is left out. */
export function oneLine(text: string, limit: number): string {
  const raw = truncate(text, 4 * limit);
  const parts = sanitize(raw)
    .replaceAll('\t', ' ')
    .split('\n')
    .map(part => part.trim());
  const line = parts.filter(Boolean).join(' ↵ ');
  const shown = truncate(line, limit);
  const omitted = line.length - shown.length + text.length - raw.length;
  return omitted ? `${shown}… ${countOmitted(omitted)}` : line;
}

/** Phrase for characters that are not shown. */
export function countOmitted(count: number): string {
  return `${plural(count, 'character')} left out`;
}

/**
 * Split a long text into its head, the number of characters left out, and its tail. A cut moves to a line end
 * nearby, and never falls inside a colour code.
 */
export function clip(text: string, head: number, tail: number): [string, number, string] {
  if (text.length <= head + tail) return [text, 0, ''];
  const before = head > 0 ? text.lastIndexOf('\n', head - 1) : -1;
  const stop = before >= Math.floor(head / 2) ? before + 1 : head;
  let start = text.length - tail;
  const line = text.indexOf('\n', start);
  if (line >= 0 && line < start + Math.floor(tail / 4)) {
    start = line + 1;
  } else {
    const cut = text.lastIndexOf('\x1b', start - 1);
    const sequence =
      cut >= start - MAX_SGR_LENGTH && cut >= 0 ? SGR.exec(text.slice(cut, cut + MAX_SGR_LENGTH)) : null;
    if (sequence?.index === 0) start = Math.max(start, cut + sequence[0].length);
  }
  return [text.slice(0, stop), start - stop, text.slice(start)];
}

/** Apply carriage returns: of a progress bar its last state is left, not its history. */
export function applyCarriageReturns(text: string): string {
  return text
    .split('\n')
    .map(line => {
      const shown = line.replace(/\r+$/, '');
      return shown.slice(shown.lastIndexOf('\r') + 1);
    })
    .join('\n');
}

/**
 * Split a text into runs of one style. All colours map to six hues and a grey of the theme: a colour chosen for
 * one background would be unreadable on the other.
 */
export function runs(text: string): Run[] {
  const found: Run[] = [];
  let style = PLAIN;
  text
    .replace(OTHER, '')
    .split(SGR)
    .forEach((piece, i) => {
      if (i % 2) {
        style = applySgr(style, piece);
      } else if (piece) {
        const last = found.at(-1);
        const classes = found.length < MAX_RUNS ? classesOf(style) : '';
        if (last?.classes === classes) last.text += piece;
        else found.push({ classes, text: piece });
      }
    });
  return found.map(run => ({ ...run, text: defuse(run.text) }));
}

/** Append a text from a task to an element. */
export function appendText(parent: Element, text: string): void {
  for (const { classes, text: shown } of runs(text)) {
    parent.append(classes ? el('span', { class: classes }, shown) : shown);
  }
}

function defuse(text: string): string {
  return text
    .replace(LINE_ENDS, '\n')
    .replace(CONTROLS, mark =>
      mark === '\x7f' ? '\u2421' : String.fromCharCode(0x2400 + mark.charCodeAt(0))
    )
    .replace(UNSHOWABLE, '\ufffd');
}

/** Return the first characters, without half a surrogate pair at the end. */
function truncate(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const code = text.charCodeAt(limit - 1);
  return text.slice(0, code >= 0xd800 && code < 0xdc00 ? limit - 1 : limit);
}

function classesOf(style: Style): string {
  const [fg, bg] = style.inverse ? [style.bg, style.fg] : [style.fg, style.bg];
  const names: string[] = (['bold', 'dim', 'italic', 'under'] as const).filter(name => style[name]);
  if (style.inverse && !bg) names.push('inverse');
  if (fg) names.push(fg);
  if (bg) names.push(`on-${bg}`);
  return names.map(name => `ipar-${name}`).join(' ');
}

/** Return the style after one SGR sequence; unknown codes are ignored. */
function applySgr(style: Style, parameters: string): Style {
  const codes = parameters.split(/[;:]/).map(code => (code.length < 4 ? Number(code) : -1));
  let next = style;
  while (codes.length) {
    const code = codes.shift() ?? 0;
    if (code === 0) next = PLAIN;
    else if (ATTRIBUTES[code]) next = { ...next, ...ATTRIBUTES[code] };
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) {
      next = { ...next, fg: hue(code % 10, code >= 90) };
    } else if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107)) {
      next = { ...next, bg: hue(code % 10, code >= 100) || 'grey' };
    } else if (code === 38) next = { ...next, fg: extended(codes) };
    else if (code === 48) next = { ...next, bg: extended(codes) || 'grey' };
  }
  return next;
}

/** Hue of the codes that follow 38 or 48: `5;n` or `2;r;g;b`. */
function extended(codes: number[]): string {
  const take = (): number => codes.shift() ?? 0;
  const mode = take();
  if (mode === 2) return nearestHue(take(), take(), take());
  const index = mode === 5 ? take() : 0;
  if (index < 16) return hue(index % 8, index >= 8);
  if (index >= 232) {
    const grey = 8 + 10 * (index - 232);
    return nearestHue(grey, grey, grey);
  }
  const cube = index - 16;
  return nearestHue(CUBE[Math.floor(cube / 36)]!, CUBE[Math.floor(cube / 6) % 6]!, CUBE[cube % 6]!);
}

/** Name of one of the sixteen colours; black and white take the colour of the text. */
function hue(index: number, bright: boolean): string {
  return bright && index === 0 ? 'grey' : (HUES[index] ?? '');
}

function nearestHue(red: number, green: number, blue: number): string {
  const low = Math.min(red, green, blue);
  const high = Math.max(red, green, blue);
  if (high - low < 48) return high >= 64 && high < 200 ? 'grey' : '';
  const middle = (low + high) / 2;
  return HUES[Number(red > middle) + 2 * Number(green > middle) + 4 * Number(blue > middle)] ?? '';
}

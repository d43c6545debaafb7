/** Formatting of numbers, time spans and lists: the same text as `ipar_results/formatting.py`. */

const BEFORE_UNIT = /(?<=\d) (?=(?:µs|ms|s|min|h|B|kB|MB|GB)\b)/g;
const GROUPED = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** A whole number with its thousands apart. */
export function formatCount(number: number): string {
  return GROUPED.format(number);
}

export function plural(number: number, noun: string): string {
  return `${formatCount(number)} ${noun}${number === 1 ? '' : 's'}`;
}

/** A time span, as in `4 ms`, `0.8 s`, `0:23`, `1:02:03`; a dash where it is unknown. */
export function formatDuration(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return '–';
  if (seconds < 0) return `−${formatDuration(-seconds)}`;
  if (seconds < 0.0995) return `${fixed(1000 * seconds, 0)} ms`;
  return seconds < 9.95 ? `${fixed(seconds, 1)} s` : formatElapsed(Number(fixed(seconds, 0)));
}

/** A time span that still grows: whole seconds, so that it changes no more often than a clock. */
export function formatElapsed(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return '–';
  const whole = Math.max(0, Math.trunc(seconds));
  const two = (number: number): string => String(number).padStart(2, '0');
  const [second, minutes] = [whole % 60, Math.floor(whole / 60)];
  const [minute, hours] = [minutes % 60, Math.floor(minutes / 60)];
  const [hour, days] = [hours % 24, Math.floor(hours / 24)];
  if (days) return `${formatCount(days)} d ${two(hour)}:${two(minute)}:${two(second)}`;
  return hours ? `${hours}:${two(minute)}:${two(second)}` : `${minute}:${two(second)}`;
}

/** Facts side by side; empty ones leave no gap. */
export function joinFacts(...facts: string[]): string {
  return facts.filter(Boolean).join(' · ');
}

/** A fraction as a percentage; a small one is never shown as 0 %. */
export function formatPercent(fraction: number): string {
  if (!Number.isFinite(fraction)) return '–';
  return fraction > 0 && fraction < 0.005 ? '< 1 %' : `${fixed(100 * fraction, 0)} %`;
}

/** The same text, in which no line breaks between a number and its unit. */
export function keepUnitsTogether(text: string): string {
  return text.replace(BEFORE_UNIT, '\u00a0');
}

export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Like Python's fixed-point format: an exact half rounds to the even side. */
export function fixed(number: number, digits: number): string {
  const scaled = number * 10 ** digits;
  const below = Math.floor(scaled);
  const tie = scaled - below === 0.5 && (number * 4) % 1 === 0;
  return tie ? ((below + (below % 2)) / 10 ** digits).toFixed(digits) : number.toFixed(digits);
}

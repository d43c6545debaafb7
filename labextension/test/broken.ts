/** Generator of broken and hostile variants of valid messages, for the fuzz tests. */

export const CASES = Number(process.env.FUZZ_CASES ?? 1_500);
/** Milliseconds. */
export const SLOW = 100;

/** Pseudo-random numbers from 0 to 1, reproducible by seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const VALUES: unknown[] = [
  null, true, -1, 0, 2 ** 31, 2 ** 53, NaN, Infinity, -0, 1e308, '', 'x'.repeat(10_000), '\u0000', '\ud800',
  '<script>hacked()</script>', '__proto__', 'constructor', [], [[]], {}, { length: 1e9 }, new Array(3_000).fill(0)
];
const TOKENS = ['"', '{', '}', '[', ']', ',', ':', '\\', 'null', '1e999', '9'.repeat(400), '[['.repeat(500), '\u0000'];

/** The fields of a structure: each with its holder and key. */
function fieldsOf(data: unknown): [Record<string, unknown>, string][] {
  const found: [Record<string, unknown>, string][] = [];
  const waiting = [data];
  while (waiting.length && found.length < 1_000) {
    const holder = waiting.pop();
    if (typeof holder !== 'object' || holder === null) continue;
    for (const key of Object.keys(holder).slice(0, 60)) {
      found.push([holder as Record<string, unknown>, key]);
      waiting.push((holder as Record<string, unknown>)[key]);
    }
  }
  return found;
}

/** Break a message: replace or remove values, or edit its text. */
export function broken(text: string, random: () => number): unknown {
  if (random() < 0.4) {
    const at = Math.floor(random() * text.length);
    const cut = Math.floor(random() * 6);
    const token = TOKENS[Math.floor(random() * TOKENS.length)] ?? '';
    const changed = text.slice(0, at) + (random() < 0.5 ? token : '') + text.slice(at + cut);
    try {
      return JSON.parse(changed);
    } catch {
      return changed;
    }
  }
  const data: unknown = JSON.parse(text);
  const all = fieldsOf(data);
  for (let i = 0; i <= random() * 4; i++) {
    const [holder, key] = all[Math.floor(random() * all.length)] ?? [{}, ''];
    if (random() < 0.2) {
      // JSON has no lists with holes.
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else Reflect.deleteProperty(holder, key);
    } else holder[key] = VALUES[Math.floor(random() * VALUES.length)];
  }
  return data;
}

/** Random columns of so many bytes, or sometimes of another size, as the kernel encodes them. */
export function randomColumns(size: number, random: () => number): string {
  const bytes = new Uint8Array(random() < 0.1 ? Math.floor(random() * 64) : size);
  // The positions, which are first, stay below 65,536: eight million rows would only make the test long.
  const filled = bytes.map((_, at) => (at % 4 > 1 && at < 8 ? 0 : Math.floor(256 * random())));
  return Buffer.from(filled).toString('base64');
}

/** Milliseconds of CPU time, which does not depend on the load of the machine. */
export const cpuTime = (since: NodeJS.CpuUsage): number => process.cpuUsage(since).user / 1000;

/** Broken and hostile variants of good messages, for the fuzz tests. */

export const CASES = Number(process.env.FUZZ_CASES ?? 1_500);
export const SLOW = 100;

/** Numbers from 0 to 1, the same for the same seed. */
export function chances(seed: number): () => number {
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

/** One of the places in a structure: its holder and key. */
function places(data: unknown): [Record<string, unknown>, string][] {
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

/** A broken variant of a message: values replaced or removed, or its text changed where that is JSON still. */
export function variant(text: string, chance: () => number): unknown {
  if (chance() < 0.4) {
    const at = Math.floor(chance() * text.length);
    const cut = Math.floor(chance() * 6);
    const token = TOKENS[Math.floor(chance() * TOKENS.length)] ?? '';
    const changed = text.slice(0, at) + (chance() < 0.5 ? token : '') + text.slice(at + cut);
    try {
      return JSON.parse(changed);
    } catch {
      return changed;
    }
  }
  const data: unknown = JSON.parse(text);
  const all = places(data);
  for (let i = 0; i <= chance() * 4; i++) {
    const [holder, key] = all[Math.floor(chance() * all.length)] ?? [{}, ''];
    if (chance() < 0.2) {
      // a list with a hole in it is no JSON
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else Reflect.deleteProperty(holder, key);
    } else holder[key] = VALUES[Math.floor(chance() * VALUES.length)];
  }
  return data;
}

/** Milliseconds of this process's own time: a busy machine makes no case slow. */
export const spent = (since: NodeJS.CpuUsage): number => process.cpuUsage(since).user / 1000;

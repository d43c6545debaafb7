/** Narrows `unknown`: each reader gives what it names, or throws `Misshapen` and says where it is wrong. */

export class Misshapen extends Error {}

export type Reader<T> = (value: unknown, path: string) => T;
export type Fields = Record<string, unknown>;

function wrong(path: string, expected: string): never {
  throw new Misshapen(`${path || 'the message'} is not ${expected}`);
}

export const text: Reader<string> = (value, path) =>
  typeof value === 'string' ? value : wrong(path, 'a text');

export const flag: Reader<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : wrong(path, 'true or false');

export const number: Reader<number> = (value, path) =>
  typeof value === 'number' && Number.isFinite(value) ? value : wrong(path, 'a number');

/** A whole number that counts something or names a place. */
export const count: Reader<number> = (value, path) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : wrong(path, 'a count');

export const integer: Reader<number> = (value, path) =>
  Number.isSafeInteger(value) ? (value as number) : wrong(path, 'a whole number');

export const fields: Reader<Fields> = (value, path) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : wrong(path, 'an object');

export function oneOf<T extends string>(words: readonly T[]): Reader<T> {
  return (value, path) =>
    words.includes(value as T) ? (value as T) : wrong(path, `one of ${words.join(', ')}`);
}

export function orNull<T>(read: Reader<T>): Reader<T | null> {
  return (value, path) => (value === null ? null : read(value, path));
}

/** The same where the field may not be there at all. */
export function missing<T>(read: Reader<T>): Reader<T | null> {
  return (value, path) => (value === null || value === undefined ? null : read(value, path));
}

export function list<T>(read: Reader<T>): Reader<T[]> {
  return (value, path) =>
    Array.isArray(value)
      ? value.map((item, index) => read(item, `${path}[${index}]`))
      : wrong(path, 'a list');
}

/** An object with every one of these fields; others are left out, so that either half may add some. */
export function record<T>(readers: { [K in keyof T]-?: Reader<T[K]> }): Reader<T> {
  return (value, path) => {
    const given = fields(value, path);
    const read: Partial<T> = {};
    for (const key of Object.keys(readers) as (keyof T & string)[]) {
      read[key] = readers[key](given[key], path ? `${path}.${key}` : key);
    }
    return read as T;
  };
}

/** The same where a field may be missing. */
export function part<T>(readers: { [K in keyof T]-?: Reader<T[K]> }): Reader<Partial<T>> {
  return (value, path) => {
    const given = fields(value, path);
    const read: Partial<T> = {};
    for (const key of Object.keys(readers) as (keyof T & string)[]) {
      if (given[key] !== undefined) {
        read[key] = readers[key](given[key], path ? `${path}.${key}` : key);
      }
    }
    return read;
  };
}

/** Readers that narrow `unknown`: each returns a typed value, or throws a FormatError that names the field. */

export class FormatError extends Error {}

export type Reader<T> = (value: unknown, path: string) => T;
export type Fields = Record<string, unknown>;
type Readers = Record<string, Reader<unknown>>;
/** What a reader, or each of a record of readers, returns. */
export type Read<R> = R extends Reader<infer T> ? T : { [K in keyof R]: R[K] extends Reader<infer T> ? T : never };

/** A value that passed its check, or a sentence that says what is wrong with it. */
export type Checked<T> = { ok: true; value: T } | { ok: false; error: string };

function fail(path: string, expected: string): never {
  throw new FormatError(`${path || 'the message'} is not ${expected}`);
}

export const string: Reader<string> = (value, path) => (typeof value === 'string' ? value : fail(path, 'a text'));

export const boolean: Reader<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : fail(path, 'true or false');

export const number: Reader<number> = (value, path) =>
  typeof value === 'number' && Number.isFinite(value) ? value : fail(path, 'a number');

/** A whole number that counts something or is a position. */
export const count: Reader<number> = (value, path) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : fail(path, 'a count');

export const integer: Reader<number> = (value, path) =>
  Number.isSafeInteger(value) ? (value as number) : fail(path, 'a whole number');

export const object: Reader<Fields> = (value, path) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : fail(path, 'an object');

export function oneOf<T extends string>(words: readonly T[]): Reader<T> {
  return (value, path) => (words.includes(value as T) ? (value as T) : fail(path, `one of ${words.join(', ')}`));
}

export function orNull<T>(read: Reader<T>): Reader<T | null> {
  return (value, path) => (value === null ? null : read(value, path));
}

/** The same for a field that may be missing. */
export function optional<T>(read: Reader<T>): Reader<T | null> {
  return (value, path) => (value === undefined ? null : orNull(read)(value, path));
}

/** Replace a value of any other type. */
export function orElse<T>(read: Reader<T>, fallback: T): Reader<T> {
  return (value, path) => {
    try {
      return read(value, path);
    } catch {
      return fallback;
    }
  };
}

export function list<T>(read: Reader<T>): Reader<T[]> {
  return (value, path) =>
    Array.isArray(value) ? value.map((item, index) => read(item, `${path}[${index}]`)) : fail(path, 'a list');
}

/** An object with all these fields; others are dropped, so that either half may add some. */
export function record<R extends Readers>(readers: R): Reader<Read<R>> {
  return (value, path) => fieldsOf(readers, Object.keys(readers), object(value, path), path) as Read<R>;
}

/** An object with any of these fields. */
export function partial<R extends Readers>(readers: R): Reader<Partial<Read<R>>> {
  return (value, path) => {
    const fields = object(value, path);
    const present = Object.keys(readers).filter(key => fields[key] !== undefined);
    return fieldsOf(readers, present, fields, path) as Partial<Read<R>>;
  };
}

function fieldsOf(readers: Readers, keys: string[], fields: Fields, path: string): Fields {
  return Object.fromEntries(keys.map(key => [key, readers[key]!(fields[key], path ? `${path}.${key}` : key)]));
}

/** Run a reader; an error becomes data. */
export function checked<T>(read: () => T): Checked<T> {
  try {
    return { ok: true, value: read() };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

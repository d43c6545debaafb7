/** Values of a wrong type for any field. */
export const NONSENSE: unknown[] = [undefined, null, 0, NaN, 'text', true, [], {}, [[]], () => 0, Symbol('s'), 10n];

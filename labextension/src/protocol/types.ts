/** Names, versions and codes of the wire protocol, as both halves agree on them. */

export const MIME_TYPE = 'application/vnd.ipar-results.v1+json';
/** Target name of the comm. */
export const TARGET = 'ipar_results';
export const PROTOCOL = 1;
/** Of this package, set by tools/release.py. */
export const VERSION = '0.1.0';
/** Newest format of a saved result. */
export const SAVED_VERSION = 2;
/** The slot of a task whose engine is unknown. */
export const UNKNOWN_SLOT = 0xffff;

/** The states of a task; the index is the code in a column. */
export const TASK_STATUSES = ['queued', 'running', 'ok', 'failed', 'aborted', 'unknown'] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

export const RESULT_STATES = ['empty', 'queued', 'running', 'done', 'failed', 'unknown', 'lost', 'frozen'] as const;
export type ResultState = (typeof RESULT_STATES)[number];

/** An engine's number, or a name where it has none. */
export type EngineId = number | string;
export type Pair = [number, number];

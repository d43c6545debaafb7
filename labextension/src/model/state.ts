/** State of a result in words, the connection's included. */

import type { ResultModel } from './result';
import * as words from './words';

/** Glyph and word of a result's state. */
export function stateOf(model: ResultModel): readonly [string, string] {
  if (model.head.finished || model.connection === 'live') return words.STATES[model.head.state];
  const connections = {
    static: 'not connected',
    connecting: 'connecting',
    disconnected: 'disconnected',
    unloaded: words.STATES.frozen[1]
  };
  return ['‖', connections[model.connection]];
}

/** Why the card of an unfinished result stands still; empty where it does not. */
export function connectionNotice(model: ResultModel): string {
  if (model.head.finished || model.connection === 'live' || model.connection === 'connecting') return '';
  if (model.connection === 'unloaded') return 'No longer followed: ipar_results was unloaded.';
  const when = model.head.time
    ? ` this is how it was at ${words.timeOfDay(model.head.time)}.`
    : ' this is how it was.';
  return `${model.connection === 'static' ? 'Not connected:' : 'Disconnected from the kernel:'}${when}`;
}

/** Engine of a result of one task; empty before it has one. */
export function ranOn(model: ResultModel): string {
  const taskEngines = model.tasks.map(task => task.engine_id);
  const place = words.engines(taskEngines.length ? taskEngines : model.engines.map(load => load.engine_id));
  return place && `${place} · `;
}

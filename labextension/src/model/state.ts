/** State of a result in words, the connection's included. */

import type { ResultModel } from './result';
import * as words from './words';

/** The shape and the word of a result's state, the connection's included. */
export function stateOf(model: ResultModel): readonly [string, string] {
  if (model.head.finished || model.connection === 'live') return words.STATES[model.head.state];
  const said = { static: 'not connected', disconnected: 'disconnected', unloaded: words.STATES.frozen[1] };
  return ['‖', said[model.connection]];
}

/** Why a card that has not ended stands still; empty where it does not. */
export function notice(model: ResultModel): string {
  if (model.head.finished || model.connection === 'live') return '';
  if (model.connection === 'unloaded') return 'No longer followed: ipar_results was unloaded.';
  const when = model.head.time
    ? ` this is how it was at ${words.moment(model.head.time)}.`
    : ' this is how it was.';
  return `${model.connection === 'static' ? 'Not connected:' : 'Disconnected from the kernel:'}${when}`;
}

/** The engine of a result of one task; empty before it has one. */
export function ranOn(model: ResultModel): string {
  const named = model.tasks.map(task => task.engine_id);
  const place = words.engines(named.length ? named : model.engines.map(load => load.engine_id));
  return place && `${place} · `;
}

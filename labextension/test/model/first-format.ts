/** Writer of the first format of saved results, which is still read. */

import type { ResultModel } from '../../src/model/result';
import { FAILED } from '../../src/model/task-columns';
import { figuresOf } from '../../src/protocol/figures';
import type { SavedResult, SavedTimeline } from '../../src/protocol/saved';
import { UNKNOWN_SLOT } from '../../src/protocol/types';

const MAX_ROWS = 1_000;
const MAX_OUTPUTS = 20;
/** Characters. */
const MAX_TRACEBACK = 3_000;
const MAX_STREAM = 1_000;

/** A result as notebooks held it until the second format. */
export function toSaved(model: ResultModel): SavedResult {
  const { head } = model;
  return {
    type: 'snapshot',
    version: 1,
    id: model.id,
    ...figuresOf(head),
    engines: [...model.engines],
    failures: model.failures.map(group => ({
      ...group,
      indices: group.indices.length ? group.indices : [group.first],
      traceback: group.traceback.slice(0, MAX_TRACEBACK)
    })),
    // The timeline holds all that the page has of them.
    tasks: [],
    outputs: model.outputs.slice(0, MAX_OUTPUTS).map(output => ({
      ...output,
      stdout: output.stdout.slice(-MAX_STREAM),
      stderr: output.stderr.slice(-MAX_STREAM)
    })),
    timeline: sampleTimeline(model)
  };
}

function sampleTimeline({ columns, head, slots }: ResultModel): SavedTimeline {
  const position: number[] = [];
  const step = Math.max(1, Math.ceil(columns.rowCount / MAX_ROWS));
  for (let at = 0, seen = 0, bad = 0; at < columns.length; at++) {
    if (!columns.status[at]) continue;
    // Failed tasks are not left out, unless they fill more than half of the sample.
    const mustKeep = columns.status[at] === FAILED && bad++ < MAX_ROWS / 2;
    if (seen++ % step && !mustKeep) continue;
    position.push(at);
  }
  return {
    base: head.base,
    of: head.ended,
    engines: slots,
    position,
    first: position.map(at => columns.first[at]!),
    inputs: position.map(at => columns.inputs[at]!),
    slot: position.map(at => (columns.slot[at] === UNKNOWN_SLOT ? -1 : columns.slot[at]!)),
    start: position.map(at => rounded(columns.start[at]!)),
    duration: position.map(at => rounded(columns.duration[at]!)),
    status: position.map(at => columns.status[at]!)
  };
}

function rounded(seconds: number): number | null {
  return Number.isNaN(seconds) ? null : Math.round(seconds * 1e4) / 1e4;
}

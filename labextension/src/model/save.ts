/** Saved form of a result, of bounded size. */

import type { ReadonlyJSONObject } from '@lumino/coreutils';

import { figuresOf } from '../protocol/figures';
import type { SavedResult, SavedTimeline } from '../protocol/saved';
import { MIME_TYPE, UNKNOWN_SLOT } from '../protocol/types';
import { joinFacts } from '../ui/formatting';
import type { ResultModel } from './result';
import { FAILED } from './task-columns';
import * as words from './words';

const MAX_ROWS = 1_000;
const MAX_OUTPUTS = 20;
/** Characters. */
const MAX_TRACEBACK = 3_000;
const MAX_STREAM = 1_000;

/** A result as a notebook should hold it, in each of its formats. */
export function toMimeBundle(model: ResultModel): ReadonlyJSONObject {
  const { head } = model;
  const counts = words.counts(head).map(count => count.phrase);
  const facts = [words.progress(head), counts.join(', '), ...words.times(head, head.elapsed)];
  const plain = `${words.resultName(head)}: ${joinFacts(...facts, ...words.rates(head))}`;
  const html = document.createElement('pre');
  html.textContent = plain;
  return {
    [MIME_TYPE]: { ...toSaved(model) },
    'text/html': html.outerHTML,
    'text/plain': plain
  };
}

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

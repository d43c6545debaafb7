/** Between a result and what the notebook keeps of it. */

import type { ReadonlyJSONObject } from '@lumino/coreutils';

import { FAILED } from './task-columns';
import { figuresOf } from '../protocol/figures';
import type { SavedResult, SavedTimeline } from '../protocol/saved';
import { MIME_TYPE, TASK_STATUSES, UNKNOWN_SLOT } from '../protocol/types';
import type { ResultModel } from './result';
import { joined } from '../ui/formatting';
import * as words from './words';

const TASKS = 50;
const ROWS = 1_000;
const OUTPUTS = 20;
const TRACEBACK = 3_000;
const STREAM = 1_000;
/** What the notebook should keep of a result in the three ways it can be read. */
export function keep(model: ResultModel): ReadonlyJSONObject {
  const { head } = model;
  const counts = words.counts(head).map(count => count.phrase);
  const facts = [words.progress(head), counts.join(', '), ...words.times(head, head.elapsed)];
  const plain = `${words.name(head)}: ${joined(...facts, ...words.rates(head, model.engines.length))}`;
  const html = document.createElement('pre');
  html.textContent = plain;
  return {
    [MIME_TYPE]: { ...toSaved(model) },
    'text/html': html.outerHTML,
    'text/plain': plain
  };
}

/** What the notebook should keep of a result, bounded. */
export function toSaved(model: ResultModel): SavedResult {
  const { head } = model;
  return {
    type: 'snapshot',
    version: 1,
    id: model.id,
    ...figuresOf(head),
    engines: [...model.engines],
    failures: model.failures.map(({ traceback, ...group }) => ({
      type: group.type,
      message: group.message,
      where: group.where,
      count: group.count,
      engines: group.engines,
      indices: group.indices.length ? group.indices : [group.first],
      traceback: traceback.slice(-TRACEBACK),
      first_time: group.first_time,
      last_time: group.last_time,
      input: group.input
    })),
    tasks: tasks(model),
    outputs: model.outputs.slice(0, OUTPUTS).map(output => ({
      ...output,
      stdout: output.stdout.slice(-STREAM),
      stderr: output.stderr.slice(-STREAM)
    })),
    timeline: sample(model, head.base, head.ended)
  };
}

function tasks(model: ResultModel): SavedResult['tasks'] {
  const { columns, head } = model;
  const shown: SavedResult['tasks'] = [];
  for (let at = 0; at < columns.length && shown.length < TASKS; at++) {
    const status = TASK_STATUSES[columns.status[at]!];
    if (!columns.status[at] || !status) continue;
    const [start, took] = [known(columns.start[at]!), known(columns.duration[at]!)];
    const started = start === null ? null : head.base + start;
    shown.push({
      index: columns.first[at]!,
      inputs: columns.inputs[at]!,
      msg_id: '',
      engine_id: model.slots[columns.slot[at]!] ?? null,
      status,
      submitted: null,
      started,
      completed: started === null || took === null ? null : started + took,
      received: null,
      duration: took
    });
  }
  return shown;
}

function sample(model: ResultModel, base: number, ended: number): SavedTimeline {
  const { columns } = model;
  const line: SavedTimeline = {
    base,
    of: ended,
    engines: model.slots,
    position: [],
    first: [],
    inputs: [],
    slot: [],
    start: [],
    duration: [],
    status: []
  };
  const step = Math.max(1, Math.ceil(columns.known / ROWS));
  for (let at = 0, seen = 0, bad = 0; at < columns.length; at++) {
    if (!columns.status[at]) continue;
    // What failed is kept, as long as it is not most of it.
    const kept = columns.status[at] === FAILED && bad++ < ROWS / 2;
    if (seen++ % step && !kept) continue;
    const slot = columns.slot[at]!;
    line.position.push(at);
    line.first.push(columns.first[at]!);
    line.inputs.push(columns.inputs[at]!);
    line.slot.push(slot === UNKNOWN_SLOT ? -1 : slot);
    line.start.push(known(columns.start[at]!));
    line.duration.push(known(columns.duration[at]!));
    line.status.push(columns.status[at]!);
  }
  return line;
}

function known(seconds: number): number | null {
  return Number.isNaN(seconds) ? null : Math.round(seconds * 1e4) / 1e4;
}

/** What a notebook keeps of a result that has ended, where its kernel gives nothing any more. */

import type { ReadonlyJSONObject } from '@lumino/coreutils';

import { figuresOf } from '../protocol/figures';
import { MIME_TYPE, SAVED_VERSION } from '../protocol/types';
import { el } from '../ui/dom';
import { joinFacts } from '../ui/formatting';
import type { ResultModel } from './result';
import * as words from './words';

/** Characters. */
const MAX_TRACEBACK = 3_000;

/** The figures and failures of a result, in each of its formats. */
export function toMimeBundle({ id, head, failures }: ResultModel): ReadonlyJSONObject {
  const counts = words.counts(head).map(count => count.phrase);
  const facts = [words.progress(head), counts.join(', '), ...words.times(head, head.elapsed)];
  const plain = `${words.resultName(head)}: ${joinFacts(...facts, ...words.rates(head))}`;
  const groups = failures.map(group => ({
    ...group,
    indices: String(group.first),
    traceback: group.traceback.slice(0, MAX_TRACEBACK)
  }));
  return {
    [MIME_TYPE]: { ...figuresOf(head), type: 'snapshot', version: SAVED_VERSION, id, failures: groups },
    'text/html': el('pre', {}, plain).outerHTML,
    'text/plain': plain
  };
}

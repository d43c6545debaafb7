/** Wording that Python and TypeScript share: `tests/data/words.json`, read by pytest and by vitest. */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { timeUse } from '../../src/card/advice';
import * as words from '../../src/model/words';
import { NO_HEAD } from '../../src/protocol/figures';
import type { Head } from '../../src/protocol/figures';
import type { EngineLoad, FailedInput } from '../../src/protocol/records';
import type { Pair } from '../../src/protocol/types';
import { countOmitted, oneLine, sanitize } from '../../src/ui/ansi';
import * as formatting from '../../src/ui/formatting';

interface Case {
  function: string;
  args: unknown[];
  expected: unknown;
}

interface Facts extends Head {
  engines: EngineLoad[];
  input: FailedInput;
  type: string;
  message: string;
  count: number;
  messages_differ: boolean;
}

interface Clocked {
  submitted: number;
  pauses?: Pair[];
}

const CASES = JSON.parse(readFileSync('../tests/data/words.json', 'utf8')) as Case[];

const phrases = (parts: { phrase: string }[]): string[] => parts.map(part => part.phrase);

/** Functions whose arguments differ from those of Python; a case calls all others as they are. */
const ADAPTED: Record<string, (facts: Facts, clocked: Clocked) => unknown> = {
  counts: facts => phrases(words.counts(facts)),
  times: facts => words.times(facts, facts.elapsed),
  eta: facts => words.eta(facts, facts.eta),
  rates: facts => words.rates(facts),
  lost_engines: facts => words.lostEngines(facts.engines),
  busy: (load, elapsed) => words.busy(load as never, elapsed as never),
  busy_share: (load, elapsed) => words.busyShare(load as never, elapsed as never),
  time_use: facts => phrases(timeUse(facts.time_use)),
  failure_title: group => words.failureTitle(group, words.alike(group)),
  failed_input: group => words.failedInput(group.input),
  failed_tasks: (group, { submitted, pauses }) =>
    words.failedTasks(group as never, { base: submitted, pauses: pauses ?? [] })
};

type Plain = Record<string, (...args: unknown[]) => unknown>;
const PLAIN = { ...formatting, ...words, sanitize, oneLine, countOmitted } as unknown as Plain;

/** Call the function of a case. */
function call({ function: name, args }: Case): unknown {
  const [first, ...others] = args;
  if (name === 'state') return words.STATES[first as words.AnyState];
  const isFacts = typeof first === 'object' && first !== null && !Array.isArray(first);
  const facts = isFacts ? { ...NO_HEAD, engines: [], ...first } : first;
  const adapted = ADAPTED[name];
  if (adapted) return adapted(facts as Facts, others[0] as Clocked);
  const plain = PLAIN[name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())];
  if (!plain) throw new Error(`no function ${name}`);
  return args.length ? plain(facts, ...others) : plain();
}

test.each(CASES)('$function of $args is $expected, as in Python', given => {
  expect(call(given)).toEqual(given.expected);
});

test('every state is among the cases', () => {
  const states = CASES.filter(given => given.function === 'state').map(given => given.args[0]);
  expect(new Set(states)).toEqual(new Set(Object.keys(words.STATES)));
});

test('a time that is not finite is unknown', () => {
  expect([NaN, Infinity].map(formatting.formatDuration)).toEqual(['–', '–']);
});

test('the time of another day has its date', () => {
  const at = new Date(2026, 10, 23, 14, 3).getTime() / 1000;
  expect(words.timeOfDay(at, new Date(2026, 10, 23, 18))).toBe('14:03');
  expect(words.timeOfDay(at, new Date(2026, 10, 24, 9))).toBe('14:03 on 2026-11-23');
});

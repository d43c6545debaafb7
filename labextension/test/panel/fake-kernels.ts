/** Fake registry of kernels with made-up results. */

import { Signal } from '@lumino/signaling';

import type { Kernels, ResultEntry } from '../../src/kernel/kernels';
import { ResultModel } from '../../src/model/result';
import { NO_HEAD } from '../../src/protocol/figures';
import type { Head } from '../../src/protocol/figures';

export function entry(id: string, head: Partial<Head> = {}): ResultEntry {
  const model = new ResultModel(id);
  model.apply({ id, head: { ...NO_HEAD, name: id, total: 10, state: 'running', running: 1, ...head } }, true);
  return { model, kernel: 'k' };
}

export class FakeKernels {
  readonly changed = new Signal<this, void>(this);
  readonly updated = new Signal<this, void>(this);
  linkAll = false;
  entries: ResultEntry[] = [];
  all = (): ResultEntry[] => this.entries;
  pathOf = (): string => 'work/climate.ipynb';
  get kernels(): Kernels {
    return this as unknown as Kernels;
  }
}

export const FAILED = {
  state: 'failed',
  finished: true,
  done: 10,
  ok: 7,
  failed: 3,
  running: 0,
  wall_time: 80
} as const;

/** Task columns for the tests of the timeline. */

import { TaskColumns } from '../../src/model/task-columns';
import { rows } from '../gallery/scenes';

export function columns(tasks: [slot: number, start: number, duration: number, status: number][]): TaskColumns {
  const made = rows(tasks.length);
  tasks.forEach(([slot, start, duration, status], i) => {
    made.slot[i] = slot;
    made.start[i] = start;
    made.duration[i] = duration;
    made.status[i] = status;
  });
  const found = new TaskColumns();
  found.write(made);
  return found;
}

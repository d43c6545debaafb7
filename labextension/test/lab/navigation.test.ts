/** Files of the kernel, as paths of the server. */

import { expect, test } from 'vitest';

import { pathOnServer } from '../../src/lab/navigation';

test.each([
  ['/srv/notebooks/a/run.html', '/srv/notebooks', 'a/run.html'],
  ['/home/ada/work/run.html', '~/work', 'run.html'],
  ['/run.html', '/', 'run.html'],
  ['/tmp/run.html', '/srv/notebooks', null],
  ['/tmp/srv/notebooks/run.html', '/srv/notebooks', null],
  ['/srv/notebooks2/run.html', '/srv/notebooks', null],
  ['/home/ada/run.html', '~/work', null],
  ['/home/ada/run.html', '', null]
])('%s below %s is %s', (file, root, path) => {
  expect(pathOnServer(file, root)).toBe(path);
});

/** Renderer of a task's rich outputs, as in an untrusted notebook. */

import { MimeModel, type IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Widget } from '@lumino/widgets';

import type { RenderOutput } from '../card/task-details';
import { el } from '../ui/dom';

export function richOutputRenderer(rendermime: IRenderMimeRegistry): RenderOutput {
  return ({ data, metadata }, host) => {
    const bundle = data as ReadonlyPartialJSONObject;
    const type = rendermime.preferredMimeType(bundle, 'ensure');
    if (type === undefined) {
      const note = el('p', { class: 'ipar-cut' }, 'An output that can only be shown in a trusted notebook.');
      host.append(note);
      return { dispose: () => { note.remove(); } };
    }
    const widget = rendermime.createRenderer(type);
    const model = new MimeModel({ data: bundle, metadata: metadata as ReadonlyPartialJSONObject, trusted: false });
    Widget.attach(widget, host);
    widget.renderModel(model).catch((error: unknown) => {
      console.warn('ipar_results: an output could not be drawn', error);
    });
    return { dispose: () => { widget.dispose(); } };
  };
}

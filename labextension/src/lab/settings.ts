/** Settings, with the defaults that apply without a settings registry. */

import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal } from '@lumino/signaling';

export const PLUGIN = 'ipar-results:plugin';

export class Settings {
  readonly changed = new Signal<this, void>(this);
  updateRate = 5;
  notifications = true;
  timelineOpen = true;

  follow(source: ISettingRegistry.ISettings): void {
    source.changed.connect(this.#read, this);
    this.#read(source);
  }

  #read({ composite }: ISettingRegistry.ISettings): void {
    const { updateRate, notifications, timelineOpen } = composite;
    if (typeof updateRate === 'number') this.updateRate = Math.min(5, Math.max(0.1, updateRate));
    if (typeof notifications === 'boolean') this.notifications = notifications;
    if (typeof timelineOpen === 'boolean') this.timelineOpen = timelineOpen;
    this.changed.emit();
  }
}

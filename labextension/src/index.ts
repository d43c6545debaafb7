/** The plugins: they connect Jupyter's services with the links, the cards and the panel. */

import { ILayoutRestorer } from '@jupyterlab/application';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { IConsoleTracker } from '@jupyterlab/console';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { Token } from '@lumino/coreutils';

import { addCommands, executeFrom } from './lab/commands';
import { ICON } from './lab/icon';
import { Places } from './lab/navigation';
import { Links } from './kernel/kernels';
import { Notices } from './lab/notifications';
import { ResultsPanel } from './panel/panel';
import { MIME_TYPE } from './protocol/types';
import { ResultRenderer } from './lab/mime-renderer';
import { renderWith } from './lab/rich-output';
import { PLUGIN, Settings } from './lab/settings';
import { StatusItem } from './panel/status-bar';

/** What the other plugins share. */
interface Shared {
  links: Links;
  settings: Settings;
  places: Places;
}

const ISharedResults = new Token<Shared>('ipar-results:shared', 'The results of IPython Parallel.');

const links: JupyterFrontEndPlugin<Shared> = {
  id: PLUGIN,
  description: 'Follows the results that the running kernels tell of.',
  autoStart: true,
  provides: ISharedResults,
  optional: [INotebookTracker, IConsoleTracker, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker | null,
    consoles: IConsoleTracker | null,
    registry: ISettingRegistry | null
  ): Shared => {
    const { serviceManager } = app;
    const settings = new Settings();
    const links = new Links(serviceManager, settings.updateRate);
    settings.changed.connect(() => {
      links.rate = settings.updateRate;
    });
    registry?.load(PLUGIN).then(source => { settings.follow(source); }, failed('the settings could not be read'));
    serviceManager.kernelspecs.ready
      .then(() => {
        for (const tracker of [notebooks, consoles]) {
          tracker?.forEach(panel => {
            links.follow(panel.sessionContext);
          });
          tracker?.widgetAdded.connect((_: unknown, panel) => {
            links.follow(panel.sessionContext);
          });
        }
      })
      .catch(failed('the kernels are not known'));
    return { links, settings, places: new Places(app, links, notebooks, consoles) };
  }
};

const card: JupyterFrontEndPlugin<void> = {
  id: 'ipar-results:card',
  description: 'Draws a result in the output of its cell.',
  autoStart: true,
  requires: [ISharedResults, IRenderMimeRegistry],
  activate: (_: JupyterFrontEnd, { links, settings }: Shared, rendermime: IRenderMimeRegistry): void => {
    rendermime.addFactory(
      {
        safe: true,
        mimeTypes: [MIME_TYPE],
        createRenderer: () => new ResultRenderer({ results: links, settings, render: renderWith(rendermime) })
      },
      // widgets have 0
      -10
    );
  }
};

const panel: JupyterFrontEndPlugin<void> = {
  id: 'ipar-results:panel',
  description: 'Lists all results in a sidebar and counts them in the status bar.',
  autoStart: true,
  requires: [ISharedResults],
  optional: [ILayoutRestorer, ICommandPalette, IStatusBar],
  activate: (
    app: JupyterFrontEnd,
    { links, places }: Shared,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    statusBar: IStatusBar | null
  ): void => {
    const { commands, shell } = app;
    const panel = new ResultsPanel(links, {
      jump: entry => {
        places.show(entry).then(said => { panel.say(said); }, failed('the cell could not be shown'));
      },
      act: ({ model }, action, from) => {
        executeFrom(commands, action, model.id, from);
      }
    });
    panel.title.icon = ICON;
    panel.title.caption = 'Parallel results';
    shell.add(panel, 'right', { rank: 900, type: 'IPython Parallel' });
    restorer?.add(panel, panel.id);

    const open = 'ipar-results:open-panel';
    commands.addCommand(open, {
      label: 'Show Parallel Results',
      icon: ICON,
      execute: () => {
        shell.activateById(panel.id);
      }
    });
    palette?.addItem({ command: open, category: 'Parallel results' });
    addCommands({ commands, palette, links, panel });

    if (statusBar) {
      links.wide = true;
      const item = new StatusItem(links, () => void commands.execute(open));
      statusBar.registerStatusItem('ipar-results:status', {
        item,
        align: 'left',
        rank: 900,
        isActive: () => item.active,
        activeStateChanged: item.activeChanged
      });
    }
  }
};

const notices: JupyterFrontEndPlugin<void> = {
  id: 'ipar-results:notices',
  description: 'Tells of long results that end or fail where nobody looks.',
  autoStart: true,
  requires: [ISharedResults],
  activate: (_: JupyterFrontEnd, { links, settings, places }: Shared): void => {
    const notices = new Notices(links, kernel => places.visible(kernel), (text, kind, entry) => {
      const callback = (): void => {
        places.show(entry).catch(failed('the cell could not be shown'));
      };
      Notification.emit(text, kind, { autoClose: 10_000, actions: [{ label: 'Show', callback }] });
    });
    const read = (): void => {
      notices.enabled = settings.notifications;
    };
    settings.changed.connect(read);
    read();
  }
};

function failed(what: string): (error: unknown) => void {
  return error => {
    console.warn(`ipar_results: ${what}`, error);
  };
}

export default [links, card, panel, notices];

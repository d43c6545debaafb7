/** Plugins that connect JupyterLab's services with the kernels, the cards and the panel. */

import { ILayoutRestorer, JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { IConsoleTracker } from '@jupyterlab/console';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { LabIcon } from '@jupyterlab/ui-components';
import { Token } from '@lumino/coreutils';

import { Kernels } from './kernel/kernels';
import { addCommands, executeFrom } from './lab/commands';
import { ResultRenderer } from './lab/mime-renderer';
import { Navigation, findFile } from './lab/navigation';
import { addNotifications } from './lab/notifications';
import { richOutputRenderer } from './lab/rich-output';
import { PLUGIN, Settings } from './lab/settings';
import { ResultsPanel } from './panel/panel';
import type { RowCallbacks } from './panel/row';
import { StatusItem } from './panel/status-bar';
import { MIME_TYPE } from './protocol/types';
import type { FindFile } from './ui/notice';

/** Tasks in lanes, one for each engine. */
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">
  <g class="jp-icon3" fill="#616161">
    <rect x="1" y="2" width="6" height="3" rx="1"/><rect x="8" y="2" width="7" height="3" rx="1"/>
    <rect x="1" y="6.5" width="9" height="3" rx="1"/><rect x="11" y="6.5" width="3" height="3" rx="1"/>
    <rect x="1" y="11" width="4" height="3" rx="1"/><rect x="6" y="11" width="6" height="3" rx="1"/>
  </g>
</svg>`;
const ICON = new LabIcon({ name: 'ipar-results:icon', svgstr: SVG });

/** Provided by the first plugin to the others. */
interface Shared {
  kernels: Kernels;
  settings: Settings;
  navigation: Navigation;
  findFile: FindFile;
}

const ISharedResults = new Token<Shared>('ipar-results:shared', 'The results of IPython Parallel.');

const shared: JupyterFrontEndPlugin<Shared> = {
  id: PLUGIN,
  description: 'Follows the results of the running kernels.',
  autoStart: true,
  provides: ISharedResults,
  optional: [INotebookTracker, IConsoleTracker, ISettingRegistry, JupyterFrontEnd.IPaths],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker | null,
    consoles: IConsoleTracker | null,
    registry: ISettingRegistry | null,
    paths: JupyterFrontEnd.IPaths | null
  ): Shared => {
    const { serviceManager } = app;
    const settings = new Settings();
    const kernels = new Kernels(serviceManager, settings.updateRate);
    settings.changed.connect(() => {
      kernels.rate = settings.updateRate;
    });
    registry?.load(PLUGIN).then(source => { settings.follow(source); }, logFailure('the settings could not be read'));
    serviceManager.kernelspecs.ready
      .then(() => {
        for (const tracker of [notebooks, consoles]) {
          tracker?.forEach(panel => {
            kernels.follow(panel.sessionContext);
          });
          tracker?.widgetAdded.connect((_: unknown, panel) => {
            kernels.follow(panel.sessionContext);
          });
        }
      })
      .catch(logFailure('the kernels are not known'));
    return {
      kernels,
      settings,
      navigation: new Navigation(app, kernels, notebooks, consoles),
      findFile: path => findFile(app, path, paths?.directories.serverRoot ?? '')
    };
  }
};

const card: JupyterFrontEndPlugin<void> = {
  id: 'ipar-results:card',
  description: 'Draws a result in the output of its cell.',
  autoStart: true,
  requires: [ISharedResults, IRenderMimeRegistry],
  activate: (_: JupyterFrontEnd, shared: Shared, rendermime: IRenderMimeRegistry): void => {
    const { kernels, settings, findFile } = shared;
    rendermime.addFactory(
      {
        safe: true,
        mimeTypes: [MIME_TYPE],
        createRenderer: () =>
          new ResultRenderer({ kernels, settings, render: richOutputRenderer(rendermime), findFile })
      },
      // below widgets, which have 0
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
    { kernels, navigation, findFile }: Shared,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    statusBar: IStatusBar | null
  ): void => {
    const { commands, shell } = app;
    const callbacks: RowCallbacks = {
      openCell: entry => {
        navigation.show(entry).then(message => {
          panel.notice.show(message);
        }, logFailure('the cell could not be shown'));
      },
      run: ({ model }, action, button) => {
        executeFrom(commands, action, model.id, button);
      }
    };
    const panel = new ResultsPanel(kernels, callbacks, findFile);
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
    addCommands(commands, palette, kernels, panel);

    if (statusBar) {
      kernels.linkAll = true;
      const item = new StatusItem(kernels, () => void commands.execute(open));
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

const notifications: JupyterFrontEndPlugin<void> = {
  id: 'ipar-results:notices',
  description: 'Notifies of long results that end or fail out of sight.',
  autoStart: true,
  requires: [ISharedResults],
  activate: (_: JupyterFrontEnd, { kernels, settings, navigation }: Shared): void => {
    addNotifications(kernels, settings, kernel => navigation.isVisible(kernel), (text, type, entry) => {
      const callback = (): void => {
        navigation.show(entry).catch(logFailure('the cell could not be shown'));
      };
      Notification.emit(text, type, { autoClose: 10_000, actions: [{ label: 'Show', callback }] });
    });
  }
};

function logFailure(what: string): (error: unknown) => void {
  return error => {
    console.warn(`ipar_results: ${what}`, error);
  };
}

export default [shared, card, panel, notifications];

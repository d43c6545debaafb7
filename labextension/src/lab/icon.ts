/** Icon of the panel: tasks in lanes, one for each engine. */

import { LabIcon } from '@jupyterlab/ui-components';

const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">
  <g class="jp-icon3" fill="#616161">
    <rect x="1" y="2" width="6" height="3" rx="1"/><rect x="8" y="2" width="7" height="3" rx="1"/>
    <rect x="1" y="6.5" width="9" height="3" rx="1"/><rect x="11" y="6.5" width="3" height="3" rx="1"/>
    <rect x="1" y="11" width="4" height="3" rx="1"/><rect x="6" y="11" width="6" height="3" rx="1"/>
  </g>
</svg>`;

export const ICON = new LabIcon({ name: 'ipar-results:icon', svgstr: SVG });

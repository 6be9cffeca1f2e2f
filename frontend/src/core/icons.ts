/** The pictures on the buttons: lines of one width in a square of 20. */
import {html, svg, type TemplateResult} from 'lit';

const PATHS = {
  plus: svg`<path d="M10 4v12M4 10h12" />`,
  minus: svg`<path d="M4 10h12" />`,
  fit: svg`<path d="M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4" /><rect x="7" y="7" width="6" height="6" rx="1" />`,
  turn: svg`<path d="M15.5 8A6 6 0 1 0 16 11.500M16 3.500V8h-4.500" />`,
  north: svg`<path d="M10 2.500l3.500 7.500L10 17.500 6.500 10z" /><path d="M10 2.500L13.500 10h-7z" class="filled" />`,
  display: svg`<path d="M10 3l7.500 4-7.500 4-7.500-4zM3 11l7 3.750L17 11M3 14.500l7 3.750 7-3.750" />`,
  measure: svg`<path d="M2.500 13.500l11-11 4 4-11 11zM6 10l1.750 1.750M8.500 7.500L11 10M11 5l1.750 1.750" />`,
  download: svg`<path d="M10 3v9M6 8.500l4 4 4-4M3.500 14v3h13v-3" />`,
  metadata: svg`<circle cx="10" cy="10" r="7.250" /><path d="M10 9v5M10 6v.5" />`,
  full: svg`<path d="M3 8V3h5M12 3h5v5M17 12v5h-5M8 17H3v-5" />`,
  leave: svg`<path d="M8 3v5H3M17 8h-5V3M12 17v-5h5M3 12h5v5" />`,
  close: svg`<path d="M5 5l10 10M15 5L5 15" />`,
  play: svg`<path d="M6.500 4l9 6-9 6z" class="filled" />`,
  pause: svg`<path d="M7 4.500v11M13 4.500v11" />`,
  previous: svg`<path d="M12.500 4.500L7 10l5.500 5.500" />`,
  next: svg`<path d="M7.500 4.500L13 10l-5.500 5.500" />`,
  length: svg`<path d="M4 16L16 4" /><circle cx="4" cy="16" r="1.750" /><circle cx="16" cy="4" r="1.750" />`,
  area: svg`<path d="M4 14.500L7 4l9.500 3.500-2 9z" />`,
  box: svg`<rect x="3.500" y="5" width="13" height="10" stroke-dasharray="2.500 2" />`,
  sun: svg`<circle cx="10" cy="10" r="3.500" /><path d="M10 2v2.500M10 15.500V18M2 10h2.500M15.500 10H18M4.500 4.500l1.500 1.500M14 14l1.500 1.500M15.500 4.500L14 6M6 14l-1.500 1.500" />`,
  warning: svg`<path d="M10 3l7.500 13.500h-15zM10 8v4M10 14v.5" />`,
};

export type IconName = keyof typeof PATHS;

export function icon(name: IconName): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">${PATHS[name]}</svg>`;
}

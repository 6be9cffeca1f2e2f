/** The row of buttons above the map. */
import {html, nothing, type TemplateResult} from 'lit';
import {ref} from 'lit/directives/ref.js';
import {icon, type IconName} from '../core/icons.ts';
import type {PanelName} from './host.ts';

export interface ToolbarState {
  has: (control: string) => boolean;
  enabled: boolean;
  rotation: number;
  panel: PanelName | null;
  full: boolean;
  canBeFull: boolean;
  zoom: (levels: number) => void;
  fit: () => void;
  rotate: (radians: number) => void;
  north: () => void;
  toggle: (panel: PanelName) => void;
  fullscreen: () => void;
}

/** An eighth of a turn: with each press of the button. */
const TURN = Math.PI / 4;

const PANELS: {name: PanelName; label: string; controls: string[]}[] = [
  {name: 'display', label: 'Display', controls: ['opacity', 'rotation', 'base-layer', 'graticule', 'overview']},
  {name: 'measure', label: 'Measure', controls: ['measure']},
  {name: 'download', label: 'Download', controls: ['download']},
  {name: 'metadata', label: 'About the image', controls: ['metadata']},
];

/** Return the panels for which there is a control. */
export function panelsOf(has: (control: string) => boolean): typeof PANELS {
  return PANELS.filter(({controls}) => controls.some(has));
}

export function toolbar(state: ToolbarState): TemplateResult | typeof nothing {
  const {has} = state;
  const groups = [
    [
      has('zoom') ? button(state, 'plus', 'Zoom in', () => state.zoom(1)) : nothing,
      has('zoom') ? button(state, 'minus', 'Zoom out', () => state.zoom(-1)) : nothing,
      has('fit') ? button(state, 'fit', 'Show all of the image', state.fit) : nothing,
    ],
    [
      has('rotation') ? button(state, 'turn', 'Turn', () => state.rotate(TURN)) : nothing,
      has('rotation') ? north(state) : nothing,
    ],
    panelsOf(has).map(({name, label}) => panelButton(state, name, label)),
    [
      has('fullscreen') && state.canBeFull
        ? button(state, state.full ? 'leave' : 'full', state.full ? 'Leave full screen' : 'Full screen', state.fullscreen)
        : nothing,
    ],
  ].filter((group) => group.some((one) => one !== nothing));
  if (!groups.length) return nothing;
  return html`<div class="toolbar" part="toolbar" role="group" aria-label="Tools">
    ${groups.map((group) => html`<div class="group">${group}</div>`)}
  </div>`;
}

function button(state: ToolbarState, name: IconName, label: string, act: () => void): TemplateResult {
  return html`<button type="button" class="tool" part="button" title=${label} aria-label=${label} ?disabled=${!state.enabled} @click=${act}>
    ${icon(name)}
  </button>`;
}

function north(state: ToolbarState): TemplateResult {
  const label = 'Reset the rotation';
  return html`<button
    type="button"
    class="tool"
    part="button"
    title=${label}
    aria-label=${label}
    ?disabled=${!state.enabled || state.rotation === 0}
    @click=${state.north}
  >
    <span
      class="needle"
      ${ref((element) => {
        if (element instanceof HTMLElement) element.style.transform = `rotate(${state.rotation}rad)`;
      })}
      >${icon('north')}</span
    >
  </button>`;
}

function panelButton(state: ToolbarState, name: PanelName, label: string): TemplateResult {
  const open = state.panel === name;
  return html`<button
    type="button"
    class="tool"
    part="button"
    title=${label}
    aria-label=${label}
    aria-expanded=${open ? 'true' : 'false'}
    ?disabled=${!state.enabled}
    @click=${() => state.toggle(name)}
  >
    ${icon(name)}
  </button>`;
}

/** The panels beside the map: how it is displayed, and what the image is. */
import {html, nothing, type TemplateResult} from 'lit';
import {live} from 'lit/directives/live.js';
import type {Shown} from '../core/image.ts';
import {numberText} from './format.ts';
import {icon} from '../core/icons.ts';
import {bandName, rowsOf} from './metadata.ts';

export function panel(title: string, content: TemplateResult, close: () => void): TemplateResult {
  return html`<section class="panel" part="panel" aria-label=${title}>
    <header>
      <h2>${title}</h2>
      <button type="button" class="tool" title="Close" aria-label="Close" @click=${close}>${icon('close')}</button>
    </header>
    <div class="content">${content}</div>
  </section>`;
}

export interface DisplayState {
  has: (control: string) => boolean;
  opacity: number;
  setOpacity: (opacity: number) => void;
  /** In radians. */
  rotation: number;
  setRotation: (radians: number) => void;
  baseLayers: string[];
  baseLayer: string;
  setBaseLayer: (name: string) => void;
  isMap: boolean;
  graticule: boolean;
  setGraticule: (shown: boolean) => void;
  overview: boolean;
  setOverview: (shown: boolean) => void;
}

const BUILT_IN: Record<string, string> = {outline: 'Outline of the land', none: 'None'};

export function displayPanel(state: DisplayState): TemplateResult {
  const {has} = state;
  const degrees = Math.round((state.rotation * 180) / Math.PI);
  return html`
    ${has('opacity') ? slider('Opacity of the image', Math.round(state.opacity * 100), 0, 100, '%', (value) => state.setOpacity(value / 100)) : nothing}
    ${has('rotation')
      ? slider('Rotation', ((((degrees + 180) % 360) + 360) % 360) - 180, -180, 180, '°', (value) => state.setRotation((value * Math.PI) / 180))
      : nothing}
    ${has('base-layer') && state.baseLayers.length > 1
      ? html`<label class="field"
          ><span>Base layer</span>
          <select
            .value=${live(state.baseLayer)}
            @change=${(event: Event) => state.setBaseLayer((event.target as HTMLSelectElement).value)}
          >
            ${state.baseLayers.map(
              (name) => html`<option value=${name} ?selected=${name === state.baseLayer}>${BUILT_IN[name] ?? name}</option>`,
            )}
          </select></label
        >`
      : nothing}
    ${has('graticule') && state.isMap ? check('Longitudes and latitudes', state.graticule, state.setGraticule) : nothing}
    ${has('overview') ? check('Overview', state.overview, state.setOverview) : nothing}
  `;
}

function slider(label: string, value: number, min: number, max: number, unit: string, set: (value: number) => void): TemplateResult {
  return html`<label class="field"
    ><span>${label}<span class="number">${value} ${unit}</span></span>
    <input
      type="range"
      min=${min}
      max=${max}
      step="1"
      .value=${live(String(value))}
      @input=${(event: Event) => set(Number((event.target as HTMLInputElement).value))}
    />
  </label>`;
}

function check(label: string, checked: boolean, set: (checked: boolean) => void): TemplateResult {
  return html`<label class="check"
    ><input
      type="checkbox"
      .checked=${live(checked)}
      @change=${(event: Event) => set((event.target as HTMLInputElement).checked)}
    />${label}</label
  >`;
}

export function metadataPanel(shown: Shown): TemplateResult {
  const {metadata} = shown;
  const bands = Object.entries(metadata.bands ?? {});
  const cell = (value: number | null | undefined) => html`<td>${typeof value === 'number' ? numberText(value, 5) : '–'}</td>`;
  return html`
    <table class="facts">
      <tbody>
        ${rowsOf(shown).map(
          ([label, value]) =>
            html`<tr>
              <th scope="row">${label}</th>
              <td>${value}</td>
            </tr>`,
        )}
      </tbody>
    </table>
    ${bands.length
      ? html`<div class="scrolled" tabindex="0" role="region" aria-label="Bands">
          <table class="bands">
            <thead>
              <tr>
                <th scope="col">Band</th>
                <th scope="col">Least</th>
                <th scope="col">Greatest</th>
                <th scope="col">Mean</th>
                <th scope="col">Nodata</th>
              </tr>
            </thead>
            <tbody>
              ${bands.map(
                ([band, own]) =>
                  html`<tr>
                    <th scope="row">${bandName(band, own)}</th>
                    ${cell(own.min)} ${cell(own.max)} ${cell(own.mean)} ${cell(own.nodata)}
                  </tr>`,
              )}
            </tbody>
          </table>
        </div>`
      : nothing}
    <details>
      <summary>Everything as JSON</summary>
      <pre tabindex="0">${JSON.stringify(metadata, null, 2)}</pre>
    </details>
  `;
}

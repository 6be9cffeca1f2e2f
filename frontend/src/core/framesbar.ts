/** One slider for each axis of the frames, and what plays them. */
import {html, nothing, type TemplateResult} from 'lit';
import {live} from 'lit/directives/live.js';
import {frameAt, type Axis, type Frames} from './frames.ts';
import {icon} from './icons.ts';

/** How many frames a second can be played. */
export const SPEEDS = [0.5, 1, 2, 5, 10];

export interface FramesState {
  has: (control: string) => boolean;
  frames: Frames;
  frame: number;
  setFrame: (frame: number) => void;
  playing: boolean;
  toggle: () => void;
  step: (by: number) => void;
  speed: number;
  setSpeed: (speed: number) => void;
  axis: number;
  setAxis: (axis: number) => void;
}

export function framesBar(state: FramesState): TemplateResult | typeof nothing {
  const {has, frames} = state;
  if (frames.count < 2 || !(has('frames') || has('playback'))) return nothing;
  return html`<div class="frames" part="frames" role="group" aria-label="Frames">
    ${has('playback') ? playback(state) : nothing}
    ${has('frames') ? html`<div class="axes">${frames.axes.map((axis, index) => axisSlider(state, axis, index))}</div>` : nothing}
  </div>`;
}

function playback(state: FramesState): TemplateResult {
  const {frames, playing} = state;
  const label = playing ? 'Pause' : 'Play';
  return html`<div class="playback">
    ${tool('previous', 'Frame before', () => state.step(-1))}
    <button type="button" class="tool" title=${label} aria-label=${label} @click=${state.toggle}>${icon(playing ? 'pause' : 'play')}</button>
    ${tool('next', 'Frame after', () => state.step(1))}
    ${frames.axes.length > 1
      ? html`<select
          aria-label="Axis to play"
          @change=${(event: Event) => state.setAxis(Number((event.target as HTMLSelectElement).value))}
        >
          ${frames.axes.map((axis, index) => html`<option value=${index} ?selected=${index === state.axis}>${axis.label}</option>`)}
        </select>`
      : nothing}
    <select
      aria-label="Speed"
      @change=${(event: Event) => state.setSpeed(Number((event.target as HTMLSelectElement).value))}
    >
      ${SPEEDS.map((speed) => html`<option value=${speed} ?selected=${speed === state.speed}>${speed} / s</option>`)}
    </select>
  </div>`;
}

function tool(name: 'previous' | 'next', label: string, act: () => void): TemplateResult {
  return html`<button type="button" class="tool" title=${label} aria-label=${label} @click=${act}>${icon(name)}</button>`;
}

function axisSlider(state: FramesState, axis: Axis, index: number): TemplateResult {
  const position = state.frames.positions[state.frame] ?? [];
  const at = position[index] ?? 0;
  const number = String(at + 1);
  const label = axis.labels[at] ?? number;
  // Where an axis has no values, its labels are the numbers.
  const named = label === number ? nothing : html`${label} `;
  return html`<label class="axis"
    ><span class="name">${axis.label}</span>
    <input
      type="range"
      min="0"
      max=${axis.size - 1}
      step="1"
      .value=${live(String(at))}
      aria-valuetext=${label}
      @input=${(event: Event) => {
        const to = [...position];
        to[index] = Number((event.target as HTMLInputElement).value);
        state.setFrame(frameAt(state.frames, to));
      }}
    />
    <output>${named}<span class="of">${number}/${axis.size}</span></output>
  </label>`;
}

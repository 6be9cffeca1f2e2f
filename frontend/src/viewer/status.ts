/** What is said beside the picture: the line below it, and a notice of parts that are missing. */
import {html, nothing, type TemplateResult} from 'lit';
import {ref} from 'lit/directives/ref.js';
import {explain} from '../core/errors.ts';
import {icon} from '../core/icons.ts';
import type {Picture} from './picture.ts';
import {scaleBar} from './scalebar.ts';

export function statusLine(
  has: (control: string) => boolean,
  picture: Picture | null,
  readout: TemplateResult | typeof nothing,
): TemplateResult | typeof nothing {
  if (!['coordinates', 'pixel', 'scale'].some(has)) return nothing;
  const bar = picture && has('scale') ? scaleBar(picture.scale.perPixel, picture.scale.unit) : null;
  return html`<div class="status" part="status">
    <div class="readout">${readout}</div>
    ${bar
      ? html`<div class="scale" part="scale" role="img" aria-label="Scale: ${bar.label}">
          <span>${bar.label}</span>
          <span
            class="bar"
            ${ref((element) => {
              if (element instanceof HTMLElement) element.style.width = `${bar.width}px`;
            })}
          ></span>
        </div>`
      : nothing}
  </div>`;
}

/** Tiles that could not be had, while those that could stay. */
export function failureNotice(error: unknown, retry: () => void, dismiss: () => void): TemplateResult {
  const {title, text} = explain(error);
  return html`<div class="notice" part="notice" role="alert">
    ${icon('warning')}
    <p>A part of the image is missing. ${title}: ${text}</p>
    <button type="button" class="button" @click=${retry}>Try again</button>
    <button type="button" class="tool" title="Close" aria-label="Close" @click=${dismiss}>${icon('close')}</button>
  </div>`;
}

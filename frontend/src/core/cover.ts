/** What covers the picture while there is nothing to see: waiting, and errors in words. */
import {html, nothing, type TemplateResult} from 'lit';
import {explain} from './errors.ts';

type Part = TemplateResult | typeof nothing;

export function loadingCover(): TemplateResult {
  return html`<div class="message loading" part="loading" role="status">
    <div class="spinner"></div>
    <p>The image is being opened…</p>
  </div>`;
}

/** `help` is what can be done besides trying again. */
export function errorCover(error: unknown, again: () => void, help: Part): TemplateResult {
  const {title, text, retry} = explain(error);
  const button = html`<button type="button" class="button" @click=${again}>Try again</button>`;
  return html`<div class="message" part="error" role="alert">
    <h2>${title}</h2>
    <p>${text}</p>
    <div class="actions">${retry ? button : nothing} ${help}</div>
  </div>`;
}

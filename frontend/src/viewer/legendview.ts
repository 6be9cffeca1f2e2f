/** The legend of the palettes in use, below the map. */
import {html, nothing, type TemplateResult} from 'lit';
import {ref} from 'lit/directives/ref.js';
import {gradient, legendOf, type LegendEntry} from './legend.ts';
import type {Host, Tool} from './host.ts';
import type {Picture} from './picture.ts';

export class Legend implements Tool {
  private picture: Picture | null = null;
  private entries: LegendEntry[] = [];
  /** Pictures of the server's palettes, as addresses within the page; null for one that is not to be had. */
  private readonly pictures = new Map<string, string | null>();
  private controller = new AbortController();

  /** `colormaps` returns the address below which the project serves pictures of palettes; null if it does not say. */
  constructor(
    private readonly host: Host,
    private readonly colormaps: () => string | null,
  ) {}

  open(picture: Picture): void {
    this.picture = picture;
    this.controller = new AbortController();
    this.renew();
  }

  close(): void {
    this.controller.abort();
    for (const address of this.pictures.values()) if (address) URL.revokeObjectURL(address);
    this.pictures.clear();
    this.entries = [];
    this.picture = null;
  }

  /** Read the style anew. */
  renew(): void {
    const {picture, host} = this;
    if (!picture || !host.has('legend')) return;
    this.entries = legendOf(host.look.style, picture.shown.metadata, (text) => CSS.supports('color', text));
    for (const {colours, palette, discrete} of this.entries) if (!colours) this.fetch(picture, palette, discrete);
    host.requestUpdate();
  }

  private fetch(picture: Picture, palette: string, discrete: boolean): void {
    const base = this.colormaps();
    const key = keyOf(palette, discrete);
    if (base === null || this.pictures.has(key)) return;
    this.pictures.set(key, null);
    const url = new URL(base, document.baseURI);
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/${encodeURIComponent(palette)}.png`;
    url.searchParams.set('width', '256');
    url.searchParams.set('height', '8');
    if (discrete) url.searchParams.set('scheme', 'discrete');
    const {api} = picture.shown;
    const {signal} = this.controller;
    api.queue
      .add(async (own) => (await api.request(url.href, own, 'image/png')).blob(), undefined, signal)
      .then((blob) => {
        if (signal.aborted) return;
        this.pictures.set(key, URL.createObjectURL(blob));
        this.host.requestUpdate();
      })
      // Without its picture a palette has no legend; the image is what matters.
      .catch(() => undefined);
  }

  render(): TemplateResult | typeof nothing {
    const known = this.entries.filter(({colours, palette, discrete}) => colours ?? this.pictures.get(keyOf(palette, discrete)));
    if (!known.length || !this.host.has('legend')) return nothing;
    return html`<ul class="legend" part="legend" aria-label="Legend">
      ${known.map((entry) => this.entry(entry))}
    </ul>`;
  }

  private entry({label, colours, palette, discrete, min, max}: LegendEntry): TemplateResult {
    const ramp = colours
      ? html`<span
          class="ramp"
          ${ref((element) => {
            // By script: a style in the markup is against a strict policy of the page.
            if (element instanceof HTMLElement) element.style.backgroundImage = gradient(colours, discrete);
          })}
        ></span>`
      : html`<img class="ramp" alt=${palette} src=${this.pictures.get(keyOf(palette, discrete)) ?? nothing} />`;
    return html`<li>
      ${label ? html`<span class="name">${label}</span>` : nothing}
      <span>${min}</span>${ramp}<span>${max}</span>
    </li>`;
  }
}

function keyOf(palette: string, discrete: boolean): string {
  return `${palette} ${discrete}`;
}

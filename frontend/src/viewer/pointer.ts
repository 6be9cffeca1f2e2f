/** The place under the pointer, and the values of the image there. */
import type MapBrowserEvent from 'ol/MapBrowserEvent.js';
import {html, nothing, type TemplateResult} from 'lit';
import {pixelAddress} from './address.ts';
import {lonLatText, numberText} from './format.ts';
import type {Host, Tool} from './host.ts';
import {bandName} from './metadata.ts';
import type {Picture} from './picture.ts';

/** What `data/pixel` answers. */
export interface PixelAnswer {
  bands?: Record<string, number | null>;
  value?: number[];
  left?: number;
  top?: number;
  [component: string]: unknown;
}

export interface BandValue {
  band: string;
  name: string;
  value: number | null;
}

/** How long a pointer rests before its pixel is asked for, in milliseconds. */
const REST = 120;
const COMPONENTS: Record<string, string> = {r: 'Red', g: 'Green', b: 'Blue', a: 'Alpha', l: 'Lightness'};

export class Pointer implements Tool {
  /** In the map's coordinates; null while the pointer is elsewhere. */
  private at: [number, number] | null = null;
  /** In pixels of the map. */
  private pixel: number[] | null = null;
  private values: BandValue[] = [];
  private asked = '';
  private timer = 0;
  private controller: AbortController | null = null;
  private picture: Picture | null = null;

  constructor(private readonly host: Host) {}

  open(picture: Picture): void {
    this.picture = picture;
    picture.map.on('pointermove', this.moved);
    // A finger does not hover: it taps.
    picture.map.on('click', this.moved);
    picture.map.on('moveend', this.slid);
    picture.map.getViewport()?.addEventListener('pointerleave', this.left);
  }

  close(): void {
    this.picture?.map.getViewport()?.removeEventListener('pointerleave', this.left);
    this.picture = null;
    this.left();
  }

  /** Ask again: another frame or style has other values. */
  renew(): void {
    this.asked = '';
    if (this.at) this.ask();
  }

  private readonly moved = (event: MapBrowserEvent): void => {
    if (event.dragging) return;
    this.pixel = event.pixel;
    this.point(event.coordinate);
  };

  /** The image moved below a pointer that did not. */
  private readonly slid = (): void => {
    const coordinate = this.pixel && this.picture?.map.getCoordinateFromPixel(this.pixel);
    if (coordinate) this.point(coordinate);
  };

  private point([x = 0, y = 0]: number[]): void {
    this.at = [x, y];
    this.host.requestUpdate();
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.ask(), REST);
  }

  private readonly left = (event?: PointerEvent): void => {
    // A finger leaves with each tap; what it tapped on is still meant.
    if (event?.pointerType === 'touch') return;
    window.clearTimeout(this.timer);
    this.forget();
    this.at = null;
    this.pixel = null;
    this.host.requestUpdate();
  };

  private forget(): void {
    this.controller?.abort();
    this.controller = null;
    this.asked = '';
    this.values = [];
  }

  private ask(): void {
    const {picture, at, host} = this;
    if (!picture || !at || !host.has('pixel')) return;
    const address = pixelAddress(picture.shown, picture.grid, host.look, at);
    if (!address) {
      this.forget();
      host.requestUpdate();
      return;
    }
    const asked = JSON.stringify(address);
    if (asked === this.asked) return;
    this.asked = asked;
    this.controller?.abort();
    const controller = new AbortController();
    this.controller = controller;
    picture.shown.api.json<PixelAnswer>(address.path, address.query, controller.signal).then(
      (pixel) => {
        if (controller.signal.aborted) return;
        this.values = bandValues(pixel, picture, host.frame);
        host.send('pixel', {coordinate: picture.place(at), pixel, bands: this.values});
        host.requestUpdate();
      },
      () => {
        // The tiles tell of what is wrong; a notice for each movement would be too much.
        if (!controller.signal.aborted) this.forget();
        host.requestUpdate();
      },
    );
  }

  render(): TemplateResult | typeof nothing {
    const {at, picture, host} = this;
    const coordinates = host.has('coordinates');
    const values = host.has('pixel');
    if (!coordinates && !values) return nothing;
    return html`
      ${coordinates
        ? html`<span class="coordinates" part="coordinates">${at && picture ? coordinateText(at, picture) : ''}</span>`
        : nothing}
      ${values
        ? html`<span class="values" part="pixel"
            >${this.values.map(
              ({name, value}) =>
                html`<span class="value"><span class="name">${name}</span> ${value === null ? '–' : numberText(value)}</span>`,
            )}</span
          >`
        : nothing}
    `;
  }
}

function coordinateText(at: [number, number], picture: Picture): string {
  const place = picture.place(at);
  if (picture.grid.pixels) return `${numberText(Math.floor(place[0]))}, ${numberText(Math.floor(place[1]))} px`;
  // A degree of latitude is 111 km everywhere.
  return lonLatText(place, picture.scale.perPixel / 111_000);
}

/** Return the values of the bands with their names; the colour's components where the reader knows no bands. */
export function bandValues(pixel: PixelAnswer, picture: Pick<Picture, 'shown'>, frame: number): BandValue[] {
  const {metadata} = picture.shown;
  const known = Object.entries(pixel.bands ?? {});
  if (!known.length) {
    return Object.entries(COMPONENTS).flatMap(([key, name]) => {
      const value = pixel[key];
      return typeof value === 'number' ? [{band: key, name, value}] : [];
    });
  }
  const listed = Array.isArray(metadata.frames) ? metadata.frames : [];
  const channel = listed[frame]?.Channel;
  return known.map(([band, value]) => {
    const name = known.length === 1 && typeof channel === 'string' ? channel : bandName(band, metadata.bands?.[band]);
    return {band, name, value};
  });
}

/** What lies below and above the image: base layers and the graticule. */
import Graticule from 'ol/layer/Graticule.js';
import TileLayer from 'ol/layer/Tile.js';
import type VectorLayer from 'ol/layer/Vector.js';
import type Layer from 'ol/layer/Layer.js';
import ImageTile from 'ol/source/ImageTile.js';
import Fill from 'ol/style/Fill.js';
import Stroke from 'ol/style/Stroke.js';
import Text from 'ol/style/Text.js';
import {safeCredit} from '../core/credits.ts';
import type {BaseLayer} from '../core/basemaps.ts';
import type {Host, Tool} from './host.ts';
import type {Ink} from './ink.ts';
import {dressOutline, outlineLayer} from './outline.ts';
import type {Picture} from './picture.ts';

export const OUTLINE = 'outline';
export const NONE = 'none';

export class Layers implements Tool {
  private picture: Picture | null = null;
  private base: Layer | null = null;
  private outline: VectorLayer | null = null;
  private graticule: Graticule | null = null;
  graticuleShown = false;

  constructor(
    private readonly host: Host,
    private readonly offered: () => {list: BaseLayer[]; chosen: string | null},
  ) {}

  /** The names of the base layers that one can choose; none for an image in its own pixels. */
  get names(): string[] {
    if (!this.picture || this.picture.grid.pixels) return [];
    return [...this.offered().list.map(({name}) => name), OUTLINE, NONE];
  }

  get chosen(): string {
    const {chosen} = this.offered();
    return chosen !== null && this.names.includes(chosen) ? chosen : OUTLINE;
  }

  open(picture: Picture): void {
    this.picture = picture;
    // The image goes before what lies below it.
    picture.map.once('postrender', () => setTimeout(() => this.showBase()));
    if (this.graticuleShown) this.showGraticule(true);
  }

  close(): void {
    this.base = null;
    this.outline = null;
    this.graticule = null;
    this.picture = null;
  }

  /** Put the chosen layer below the image. */
  showBase(): void {
    const {picture} = this;
    if (!picture) return;
    if (this.base) picture.map.removeLayer(this.base);
    this.base?.dispose();
    this.outline = null;
    this.base = picture.grid.pixels ? null : this.make(picture);
    if (this.base) picture.map.addLayer(this.base);
  }

  private make(picture: Picture): Layer | null {
    const name = this.chosen;
    if (name === NONE) return null;
    const layer = this.offered().list.find((one) => one.name === name);
    if (!layer) {
      this.outline = outlineLayer(picture.projection, this.host.ink);
      return this.outline;
    }
    // Another host: it gets neither the project's headers nor its cookies.
    const source = new ImageTile({url: layer.url, attributions: safeCredit(layer.attribution ?? ''), maxZoom: 20, crossOrigin: 'anonymous'});
    return new TileLayer({source, zIndex: 0});
  }

  showGraticule(shown: boolean): void {
    this.graticuleShown = shown;
    const {picture} = this;
    if (!picture || picture.grid.pixels) return;
    if (this.graticule) picture.map.removeLayer(this.graticule);
    this.graticule?.dispose();
    this.graticule = shown ? graticule(this.host.ink) : null;
    if (this.graticule) picture.map.addLayer(this.graticule);
    this.host.requestUpdate();
  }

  /** Draw with the colours of a theme that changed. */
  dress(): void {
    if (this.outline) dressOutline(this.outline, this.host.ink);
    if (this.graticule) this.showGraticule(true);
  }
}

function graticule(ink: Ink): Graticule {
  const label = {
    font: '11px system-ui, sans-serif',
    fill: new Fill({color: ink.text}),
    stroke: new Stroke({color: ink.halo, width: 3}),
  };
  return new Graticule({
    strokeStyle: new Stroke({color: ink.grid, width: 1}),
    showLabels: true,
    lonLabelStyle: new Text({...label, textBaseline: 'bottom', offsetY: -2}),
    latLabelStyle: new Text({...label, textAlign: 'end', offsetX: -2}),
    wrapX: true,
    zIndex: 3,
  });
}

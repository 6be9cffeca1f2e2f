/** Measure lengths and areas by drawing. */
import Draw from 'ol/interaction/Draw.js';
import DoubleClickZoom from 'ol/interaction/DoubleClickZoom.js';
import type Feature from 'ol/Feature.js';
import type {FeatureLike} from 'ol/Feature.js';
import LineString from 'ol/geom/LineString.js';
import Point from 'ol/geom/Point.js';
import Polygon from 'ol/geom/Polygon.js';
import type Geometry from 'ol/geom/Geometry.js';
import VectorLayer from 'ol/layer/Vector.js';
import VectorSource from 'ol/source/Vector.js';
import {getArea, getLength} from 'ol/sphere.js';
import CircleStyle from 'ol/style/Circle.js';
import Fill from 'ol/style/Fill.js';
import Stroke from 'ol/style/Stroke.js';
import Style from 'ol/style/Style.js';
import Text from 'ol/style/Text.js';
import {html, nothing, type TemplateResult} from 'lit';
import {areaText, lengthText} from './format.ts';
import type {Host, Tool} from './host.ts';
import {icon} from '../core/icons.ts';
import type {Ink} from './ink.ts';
import {lineLength} from './length.ts';
import {pixelSize} from './metadata.ts';
import type {Picture} from './picture.ts';

export type Measure = 'length' | 'area';

export class Measuring implements Tool {
  /** What is being drawn; null if nothing is. */
  mode: Measure | null = null;
  private picture: Picture | null = null;
  private draw: Draw | null = null;
  private layer: VectorLayer<VectorSource<Feature>> | null = null;
  private drawing = '';

  constructor(private readonly host: Host) {}

  open(picture: Picture): void {
    this.picture = picture;
  }

  close(): void {
    this.stop();
    this.layer = null;
    this.picture = null;
  }

  /** Begin to draw a line or a polygon, or stop it. */
  start(mode: Measure | null): void {
    this.stop();
    const {picture} = this;
    if (!mode || !picture) return;
    const layer = this.ensureLayer(picture);
    const draw = new Draw({
      source: layer.getSource() ?? undefined,
      type: mode === 'length' ? 'LineString' : 'Polygon',
      style: (feature) => this.styleOf(feature, this.host.ink),
      wrapX: !picture.grid.pixels,
      stopClick: true,
    });
    draw.on('drawstart', ({feature}) => {
      feature.getGeometry()?.on('change', ({target}) => {
        this.drawing = this.textOf(target as Geometry);
        this.host.requestUpdate();
      });
    });
    draw.on(['drawend', 'drawabort'], () => {
      this.drawing = '';
      this.host.requestUpdate();
    });
    picture.map.addInteraction(draw);
    this.zoomByDoubleClick(picture, false);
    this.draw = draw;
    this.mode = mode;
    this.host.requestUpdate();
  }

  private stop(): void {
    if (this.draw) this.picture?.map.removeInteraction(this.draw);
    if (this.draw && this.picture) this.zoomByDoubleClick(this.picture, true);
    this.draw?.dispose();
    this.draw = null;
    this.mode = null;
    this.drawing = '';
    this.host.requestUpdate();
  }

  /** The double click that ends a line is not one that zooms. */
  private zoomByDoubleClick(picture: Picture, active: boolean): void {
    for (const one of picture.map.getInteractions().getArray()) if (one instanceof DoubleClickZoom) one.setActive(active);
  }

  /** End what is being drawn; returns whether there was something. */
  finish(): boolean {
    if (!this.draw || !this.drawing) return false;
    this.draw.finishDrawing();
    return true;
  }

  /** Give up what is being drawn, or else measuring; returns whether there was something. */
  cancel(): boolean {
    if (!this.draw) return false;
    if (this.drawing) this.draw.abortDrawing();
    else this.stop();
    return true;
  }

  clear(): void {
    this.layer?.getSource()?.clear();
    this.host.requestUpdate();
  }

  /** Draw with the colours of a theme that changed. */
  dress(): void {
    this.layer?.changed();
  }

  get results(): {kind: Measure; text: string}[] {
    const features = this.layer?.getSource()?.getFeatures() ?? [];
    return features.map((feature) => {
      const geometry = feature.getGeometry();
      return {kind: geometry instanceof Polygon ? 'area' : 'length', text: geometry ? this.textOf(geometry) : ''};
    });
  }

  private ensureLayer(picture: Picture): VectorLayer<VectorSource<Feature>> {
    if (this.layer) return this.layer;
    const source = new VectorSource<Feature>({wrapX: !picture.grid.pixels});
    const layer = new VectorLayer({source, zIndex: 5, updateWhileInteracting: true});
    layer.setStyle((feature) => this.styleOf(feature, this.host.ink));
    picture.map.addLayer(layer);
    this.layer = layer;
    return layer;
  }

  /** Return the length or area: on the sphere for a map, in the specimen's millimetres, or in pixels. */
  private textOf(geometry: Geometry): string {
    const {picture} = this;
    if (!picture) return '';
    const {projection, grid, scale, shown} = picture;
    if (geometry instanceof Polygon) {
      if (!grid.pixels) return areaText(getArea(geometry, {projection}), 'm');
      const unit = pixelSize(shown.metadata) ?? [1, 1];
      return areaText(geometry.getArea() * unit[0] * unit[1] * (scale.unit === 'm' ? 1e-6 : 1), scale.unit);
    }
    if (!(geometry instanceof LineString)) return '';
    if (!grid.pixels) return lengthText(getLength(geometry, {projection}), 'm');
    const [across, down] = pixelSize(shown.metadata) ?? [1, 1];
    return lengthText(lineLength(geometry.getCoordinates(), across, down) * (scale.unit === 'm' ? 1e-3 : 1), scale.unit);
  }

  private styleOf(feature: FeatureLike, ink: Ink): Style[] {
    const geometry = feature.getGeometry() as Geometry;
    const dot = new CircleStyle({radius: 4, fill: new Fill({color: ink.accent}), stroke: new Stroke({color: ink.halo, width: 2})});
    if (geometry instanceof Point) return [new Style({image: dot})];
    const label = new Style({
      geometry: labelPoint(geometry),
      text: new Text({
        text: this.textOf(geometry),
        font: '600 12px system-ui, sans-serif',
        fill: new Fill({color: ink.text}),
        stroke: new Stroke({color: ink.halo, width: 4}),
        offsetY: -14,
        overflow: true,
      }),
    });
    return [
      new Style({stroke: new Stroke({color: ink.halo, width: 4})}),
      new Style({stroke: new Stroke({color: ink.accent, width: 2}), fill: new Fill({color: 'rgb(127 160 220 / 0.2)'})}),
      label,
    ];
  }

  render(): TemplateResult {
    const choice = (mode: Measure, text: string) => html`
      <button
        type="button"
        class="button"
        aria-pressed=${this.mode === mode ? 'true' : 'false'}
        @click=${() => this.start(this.mode === mode ? null : mode)}
      >
        ${icon(mode)} ${text}
      </button>
    `;
    const {results} = this;
    return html`
      <div class="choices">${choice('length', 'Length')} ${choice('area', 'Area')}</div>
      <p class="hint">
        ${this.mode
          ? 'Click on the image for each corner. A double click or Enter ends it, Escape gives it up.'
          : 'Choose what to measure.'}
      </p>
      <p class="result" role="status">${this.drawing}</p>
      ${results.length
        ? html`<ul class="results">
              ${results.map(({kind, text}) => html`<li>${icon(kind)} ${text}</li>`)}
            </ul>
            <button
              type="button"
              class="button"
              @click=${() => this.clear()}
            >
              Remove all
            </button>`
        : nothing}
    `;
  }
}

/** Return where the number of a line or polygon stands. */
function labelPoint(geometry: Geometry): Geometry {
  if (geometry instanceof Polygon) return geometry.getInteriorPoint();
  return geometry instanceof LineString ? new Point(geometry.getLastCoordinate()) : geometry;
}

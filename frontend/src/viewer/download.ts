/** Save what is seen, or a rectangle of it, as a file. */
import DragBox from 'ol/interaction/DragBox.js';
import Feature from 'ol/Feature.js';
import {fromExtent} from 'ol/geom/Polygon.js';
import VectorLayer from 'ol/layer/Vector.js';
import VectorSource from 'ol/source/Vector.js';
import Fill from 'ol/style/Fill.js';
import Stroke from 'ol/style/Stroke.js';
import Style from 'ol/style/Style.js';
import {html, nothing, type TemplateResult} from 'lit';
import {explain} from '../core/errors.ts';
import {regionAddress, type Address} from './address.ts';
import {fileName, type Kind} from './filename.ts';
import {bytesText} from './format.ts';
import type {Extent} from './grid.ts';
import type {Host, Tool} from './host.ts';
import {icon} from '../core/icons.ts';
import type {Picture} from './picture.ts';

export class Downloads implements Tool {
  private picture: Picture | null = null;
  private box: Extent | null = null;
  private drawing: DragBox | null = null;
  private layer: VectorLayer | null = null;
  private kind: Kind = 'png';
  private whole = false;
  private controller: AbortController | null = null;
  private said: {text: string; bad: boolean} | null = null;

  constructor(private readonly host: Host) {}

  /** Whether a rectangle is being drawn. */
  get busy(): boolean {
    return this.drawing !== null;
  }

  open(picture: Picture): void {
    this.picture = picture;
  }

  close(): void {
    this.controller?.abort();
    this.controller = null;
    this.stopDrawing();
    this.layer = null;
    this.box = null;
    this.said = null;
    this.picture = null;
  }

  /** Stop drawing, and take the rectangle away: the panel was closed. */
  leave(): void {
    this.stopDrawing();
    this.setBox(null);
    this.said = null;
  }

  /** Give up drawing; returns whether there was something. */
  cancel(): boolean {
    const had = this.drawing !== null || this.box !== null;
    this.stopDrawing();
    this.setBox(null);
    return had;
  }

  private startDrawing(): void {
    const {picture} = this;
    if (!picture) return;
    this.stopDrawing();
    const drawing = new DragBox({className: 'drag-box', condition: () => true});
    drawing.on('boxend', () => {
      this.setBox(drawing.getGeometry().getExtent() as Extent);
      this.stopDrawing();
    });
    picture.map.addInteraction(drawing);
    this.drawing = drawing;
    this.host.requestUpdate();
  }

  private stopDrawing(): void {
    if (this.drawing) this.picture?.map.removeInteraction(this.drawing);
    this.drawing?.dispose();
    this.drawing = null;
    this.host.requestUpdate();
  }

  private setBox(box: Extent | null): void {
    this.box = box;
    this.said = null;
    const {picture} = this;
    if (this.layer) picture?.map.removeLayer(this.layer);
    this.layer?.dispose();
    this.layer = null;
    if (box && picture) {
      const {ink} = this.host;
      this.layer = new VectorLayer({
        source: new VectorSource({features: [new Feature(fromExtent(box))]}),
        style: new Style({
          stroke: new Stroke({color: ink.accent, width: 2, lineDash: [6, 4]}),
          fill: new Fill({color: 'rgb(127 160 220 / 0.15)'}),
        }),
        zIndex: 6,
      });
      picture.map.addLayer(this.layer);
    }
    this.host.requestUpdate();
  }

  /** Return what is to be asked for; null if there is nothing of the image in it. */
  private address(picture: Picture): Address | null {
    const size = picture.map.getSize() as [number, number] | undefined;
    const resolution = picture.view.getResolution() ?? 1;
    const extent = this.box ?? (picture.view.calculateExtent(size) as Extent);
    const pixels = (side: number) => Math.max(2, Math.round((side * devicePixelRatio) / resolution));
    return regionAddress(picture.shown, picture.grid, this.host.look, extent, {
      format: this.kind === 'png' ? 'png' : 'tif',
      size: this.whole ? null : [pixels(extent[2] - extent[0]), pixels(extent[3] - extent[1])],
      styled: this.kind !== 'tif',
    });
  }

  private async save(): Promise<void> {
    const {picture} = this;
    if (!picture || this.controller) return;
    const address = this.address(picture);
    if (!address) {
      this.said = {text: 'There is nothing of the image in it.', bad: true};
      this.host.requestUpdate();
      return;
    }
    const controller = new AbortController();
    this.controller = controller;
    this.said = null;
    this.host.requestUpdate();
    try {
      const blob = await picture.shown.api.blob(address.path, address.query, undefined, controller.signal);
      const name = fileName(picture.shown.api.src, this.kind);
      offer(blob, name);
      this.said = {text: `${name}, ${bytesText(blob.size)}`, bad: false};
    } catch (error) {
      if (controller.signal.aborted) return;
      const {title, text} = explain(error);
      this.said = {text: `${title}. ${text}`, bad: true};
    } finally {
      if (this.controller === controller) this.controller = null;
      this.host.requestUpdate();
    }
  }

  render(): TemplateResult {
    const styled = this.host.look.style !== '';
    const georeferenced = this.picture?.shown.metadata.geospatial === true;
    const tif = georeferenced ? 'GeoTIFF' : 'TIFF';
    const turned = (this.picture?.view.getRotation() ?? 0) !== 0;
    return html`
      <div class="choices" role="group" aria-label="Part of the image">
        <button type="button" class="button" aria-pressed=${this.box || this.drawing ? 'false' : 'true'} @click=${() => this.cancel()}>
          ${icon('fit')} View
        </button>
        <button
          type="button"
          class="button"
          aria-pressed=${this.box || this.drawing ? 'true' : 'false'}
          @click=${() => this.startDrawing()}
        >
          ${icon('box')} Rectangle
        </button>
      </div>
      ${this.drawing ? html`<p class="hint" role="status">Drag a rectangle on the image.</p>` : nothing}
      ${turned && !this.box ? html`<p class="hint">The file is not turned: it has all that is seen.</p>` : nothing}
      <label class="field"
        ><span>File</span>
        <select
          @change=${(event: Event) => {
            this.kind = (event.target as HTMLSelectElement).value as Kind;
            this.said = null;
            this.host.requestUpdate();
          }}
        >
          <option value="png">PNG, as it is seen</option>
          <option value="tif">${tif}, values of the file</option>
          ${styled ? html`<option value="styled-tif">${tif}, colours as seen</option>` : nothing}
        </select></label
      >
      <label class="field"
        ><span>Size</span>
        <select
          @change=${(event: Event) => {
            this.whole = (event.target as HTMLSelectElement).value === 'full';
            this.said = null;
            this.host.requestUpdate();
          }}
        >
          <option value="screen">As on the screen</option>
          <option value="full">Every pixel of the image</option>
        </select></label
      >
      <button type="button" class="button primary" ?disabled=${this.controller !== null || this.drawing !== null} @click=${() => this.save()}>
        ${icon('download')} ${this.controller ? 'Being prepared…' : 'Download'}
      </button>
      <p class=${this.said?.bad ? 'result bad' : 'result'} role="status">${this.said?.text ?? ''}</p>
    `;
  }
}

/** Let the browser save a file. */
function offer(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken it over by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

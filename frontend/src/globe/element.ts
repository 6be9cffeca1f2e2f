/** `<large-image-globe>`: an image of the API draped over the earth. */
import {Cartesian2, Cartographic, Math as CesiumMath, Rectangle, ScreenSpaceEventHandler, ScreenSpaceEventType, type CesiumWidget} from '@cesium/engine';
import {html, nothing, type CSSResultGroup, type TemplateResult} from 'lit';
import {property, query, state as internal} from 'lit/decorators.js';
import {addressOf} from '../core/api.ts';
import {controlStyles} from '../core/controlstyles.ts';
import {LargeImageElement, type View} from '../core/element.ts';
import {NotGeoreferenced, NoWebGL} from '../core/errors.ts';
import {framesBar} from '../core/framesbar.ts';
import {framesStyles} from '../core/framesstyles.ts';
import {icon, type IconName} from '../core/icons.ts';
import type {Bounds, Shown} from '../core/image.ts';
import type {ViewState} from '../core/urlstate.ts';
import {look, stepOf, viewOf, wholeGlobe} from './camera.ts';
import {Drape} from './drape.ts';
import {rectanglesOf} from './imagery.ts';
import {around, degreesText} from './places.ts';
import {globeStyles} from './styles.ts';
import {NATURAL_EARTH, TITLES, baseLayer, destroyWidget, makeWidget, namesOf, sunlight} from './widget.ts';

/** From how many degrees on an image bends too much to be seen at once from above. */
const LARGE = 60;
/** How long a flight takes that the person asked for, in milliseconds. */
const FLIGHT = 1200;

export class LargeImageGlobe extends LargeImageElement {
  static override styles: CSSResultGroup = [LargeImageElement.styles, controlStyles, ...globeStyles, framesStyles];

  /** A token of Cesium ion, for its imagery as one more base layer. */
  @property({attribute: 'ion-token'}) ionToken: string | null = null;
  /** From 0, which hides the image, to 1. */
  @property({type: Number}) opacity = 1;
  /** Whether the sun shines, and half of the world is dark. */
  @property({type: Boolean}) sun = false;

  @internal() private failed: unknown = null;
  @internal() private place = '';
  @query('.scene') private scene!: HTMLElement;

  private widget: CesiumWidget | null = null;
  private drape: Drape | null = null;
  private pointer: ScreenSpaceEventHandler | null = null;
  private bounds: Bounds | null = null;
  private baseTurn = 0;
  /** Where one looked last. */
  private seen: View | null = null;

  /** Whether every tile of the present view is there. */
  get tilesLoaded(): boolean {
    return this.phase === 'ready' && (this.widget?.scene.globe.tilesLoaded ?? false) && !this.isUpdatePending;
  }

  protected override async open(shown: Shown, state: Partial<ViewState> | null): Promise<void> {
    const bounds = shown.metadata.bounds;
    if (!shown.metadata.geospatial || !bounds) throw new NotGeoreferenced();
    this.bounds = bounds;
    let widget: CesiumWidget;
    try {
      widget = makeWidget(this.scene);
    } catch {
      throw new NoWebGL();
    }
    this.widget = widget;
    this.failed = null;
    widget.scene.renderError.addEventListener((_scene: unknown, error: unknown) => {
      // The scene is in the middle of a frame, and must not be destroyed in it.
      queueMicrotask(() => {
        if (this.widget === widget) this.fail(error);
      });
    });
    this.drape = new Drape(widget.scene, shown, bounds, (error) => {
      this.failed = error;
    });
    this.drape.show(this.look, this.format ?? 'png', this.opacity);
    sunlight(widget, this.sun);
    this.listen(widget);
    this.fit();
    if (state) await look(widget.scene, state, 0);
    await this.showBase();
  }

  protected override close(): void {
    this.drape?.clear();
    this.drape = null;
    this.pointer?.destroy();
    this.pointer = null;
    this.baseTurn += 1;
    if (this.widget) destroyWidget(this.widget);
    this.widget = null;
    this.bounds = null;
    this.place = '';
  }

  /** Resolves when all that is in view is drawn, as for a picture of the page. */
  async drawn(): Promise<void> {
    await this.ready;
    await this.updateComplete;
    // What is missing is known once a frame was drawn.
    for (let complete = 0; complete < 2; ) {
      await new Promise(requestAnimationFrame);
      complete = this.tilesLoaded || !this.widget ? complete + 1 : 0;
    }
  }

  protected override view(): View | null {
    // An element that was just removed has no size any more, by which the zoom level is reckoned.
    if (this.widget?.canvas.clientHeight) this.seen = viewOf(this.widget.scene);
    return this.widget && this.seen;
  }

  protected override async move(view: Partial<View>, duration: number): Promise<void> {
    if (this.widget) await look(this.widget.scene, view, duration);
  }

  protected override lookChanged(): void {
    this.drape?.show(this.look, this.format ?? 'png', this.opacity);
  }

  protected override baseLayerChanged(): void {
    void this.showBase();
  }

  override fit({duration = 0}: {duration?: number} = {}): void {
    if (!this.widget || !this.bounds) return;
    const {xmin, ymin, xmax, ymax} = this.bounds;
    if (Math.max(xmax - xmin, ymax - ymin) > LARGE) {
      // Too large to be seen at once from above: the whole globe, from where the middle of the image is.
      const latitude = Math.max(-50, Math.min(50, (ymin + ymax) / 2));
      const zoom = wholeGlobe(this.widget.scene, latitude);
      void look(this.widget.scene, {centre: [around((xmin + xmax) / 2), latitude], zoom, rotation: 0}, duration);
      return;
    }
    const rectangles = rectanglesOf(this.bounds);
    const west = rectangles[0]?.[0] ?? xmin;
    const east = rectangles.at(-1)?.[2] ?? xmax;
    // Some room round the image, so that it is seen where it ends.
    const room = Math.min(0.15 * (xmax - xmin), 5);
    const up = Math.min(0.15 * (ymax - ymin), 5);
    const destination = Rectangle.fromDegrees(
      around(west - room), Math.max(-90, ymin - up), around(east + room), Math.min(90, ymax + up),
    );
    if (duration > 0) this.widget.camera.flyTo({destination, duration: duration / 1000});
    else this.widget.camera.setView({destination});
    this.widget.scene.requestRender();
  }

  protected override updated(changed: Map<string, unknown>): void {
    super.updated(changed);
    if (!this.widget) return;
    if (changed.has('opacity')) this.drape?.fade(this.opacity);
    if (changed.has('sun')) sunlight(this.widget, this.sun);
    if (changed.has('ionToken')) this.baseLayerChanged();
  }

  protected override help(): TemplateResult | typeof nothing {
    if (!(this.problem instanceof NotGeoreferenced) || !this.src) return nothing;
    return html`<a class="button" href=${addressOf(this.src, 'viewer')}>Open the 2D viewer</a>`;
  }

  // ---- Base layer

  private get baseNames(): string[] {
    return namesOf(this.baseLayers, this.ionToken);
  }

  private get baseName(): string {
    return this.baseLayer && this.baseNames.includes(this.baseLayer) ? this.baseLayer : NATURAL_EARTH;
  }

  private async showBase(): Promise<void> {
    const {widget} = this;
    if (!widget) return;
    const turn = (this.baseTurn += 1);
    const layer = await baseLayer(this.baseName, this.baseLayers, this.ionToken).catch((error: unknown) => {
      this.failed = error;
      return null;
    });
    // Another one may have been chosen, or the globe thrown away, meanwhile.
    if (turn !== this.baseTurn || this.widget !== widget) {
      layer?.destroy();
      return;
    }
    this.drape?.setBase(layer);
  }

  // ---- What the person does

  private listen(widget: CesiumWidget): void {
    widget.camera.percentageChanged = 0.02;
    widget.camera.changed.addEventListener(() => {
      this.viewChanged();
    });
    widget.camera.moveEnd.addEventListener(() => {
      this.drape?.review();
      this.viewChanged();
    });
    this.pointer = new ScreenSpaceEventHandler(widget.canvas);
    this.pointer.setInputAction(({endPosition}: {endPosition: Cartesian2}) => {
      const point = widget.camera.pickEllipsoid(endPosition, widget.scene.globe.ellipsoid);
      const place = point && Cartographic.fromCartesian(point);
      this.place = place ? degreesText(CesiumMath.toDegrees(place.longitude), CesiumMath.toDegrees(place.latitude)) : '';
    }, ScreenSpaceEventType.MOUSE_MOVE);
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    const view = this.view();
    if (!view || event.ctrlKey || event.metaKey || event.altKey) return;
    const wanted = stepOf(event.key, view, this.scene.clientHeight);
    if (wanted) void this.move(wanted, 0);
    else if (event.key === '0') this.fit({duration: FLIGHT});
    else return;
    event.preventDefault();
  };

  private readonly zoomBy = (by: number): void => {
    const view = this.view();
    if (view) void this.move({zoom: view.zoom + by}, 300);
  };

  private readonly fullScreen = (): void => {
    void (document.fullscreenElement === this ? document.exitFullscreen() : this.requestFullscreen());
  };

  private readonly again = (): void => {
    this.failed = null;
    this.drape?.show(this.look, this.format ?? 'png', this.opacity);
  };

  // ---- What is seen

  protected override body(): TemplateResult {
    const controls = this.controls !== 'none';
    return html`
      ${controls ? this.tools() : nothing}
      <div class="globe" part="globe">
        <div class="scene" tabindex="0" role="application" aria-label="Globe" @keydown=${this.onKey}></div>
        ${this.failed === null ? nothing : this.notice()}
      </div>
      ${controls ? html`${this.sliders()} ${this.bar()}` : nothing}
    `;
  }

  private tools(): TemplateResult {
    const shown = this.phase === 'ready';
    const tool = (name: IconName, label: string, act: () => void, pressed?: boolean) => html`<button
      type="button" class="tool" part="button" aria-label=${label} title=${label}
      aria-pressed=${pressed ?? nothing} ?disabled=${!shown} @click=${act}>${icon(name)}</button>`;
    const group = (control: string, ...buttons: TemplateResult[]) =>
      this.has(control) ? html`<div class="group">${buttons}</div>` : nothing;
    return html`<div class="toolbar" part="toolbar" role="group" aria-label="Tools">
      ${group('zoom', tool('plus', 'Zoom in', () => { this.zoomBy(1); }), tool('minus', 'Zoom out', () => { this.zoomBy(-1); }))}
      ${group('fit', tool('fit', 'Fly to the image', () => { this.fit({duration: FLIGHT}); }))}
      ${group('rotation', tool('north', 'North up', () => void this.move({rotation: 0}, 300)))}
      ${group('sun', tool('sun', 'Sunlight', () => { this.sun = !this.sun; }, this.sun))}
      ${group('fullscreen', tool('full', 'Full screen', this.fullScreen))}
    </div>`;
  }

  private sliders(): TemplateResult | typeof nothing {
    const nothingToPlay = (): void => undefined;
    return framesBar({
      // A globe is slow to fill: frames are chosen here, and played in the viewer.
      has: (control) => control === 'frames' && this.has('frames'),
      frames: this.frames,
      frame: this.frame,
      setFrame: (frame) => {
        this.frame = frame;
      },
      playing: false,
      toggle: nothingToPlay,
      step: nothingToPlay,
      speed: 0,
      setSpeed: nothingToPlay,
      axis: 0,
      setAxis: nothingToPlay,
    });
  }

  private bar(): TemplateResult | typeof nothing {
    if (!['opacity', 'base-layer', 'coordinates'].some(this.has)) return nothing;
    const opacity = html`<label>Opacity
      <input type="range" min="0" max="1" step="0.05" .value=${String(this.opacity)}
        @input=${(event: Event) => { this.opacity = Number((event.target as HTMLInputElement).value); }} /></label>`;
    const base = html`<label>Base layer
      <select @change=${(event: Event) => { this.baseLayer = (event.target as HTMLSelectElement).value; }}>
        ${this.baseNames.map((name) => html`<option value=${name} ?selected=${name === this.baseName}>${TITLES[name] ?? name}</option>`)}
      </select></label>`;
    return html`<div class="bar" part="status">
      ${this.has('opacity') ? opacity : nothing} ${this.has('base-layer') ? base : nothing}
      ${this.has('coordinates') ? html`<span class="place" part="coordinates">${this.place}</span>` : nothing}
    </div>`;
  }

  private notice(): TemplateResult {
    return html`<div class="notice" part="notice" role="alert">Some of the picture could not be loaded.
      <button type="button" class="button" @click=${this.again}>Try again</button></div>`;
  }
}

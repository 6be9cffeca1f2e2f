/** The map of one image: OpenLayers, its view, and the layer of the image. */
import OlMap from 'ol/Map.js';
import View from 'ol/View.js';
import {defaults as interactions} from 'ol/interaction/defaults.js';
import Attribution from 'ol/control/Attribution.js';
import TileLayer from 'ol/layer/Tile.js';
import DataTile from 'ol/DataTile.js';
import {fromLonLat, getPointResolution, toLonLat} from 'ol/proj.js';
import type Projection from 'ol/proj/Projection.js';
import type {TileSourceEvent} from 'ol/source/Tile.js';
import type {View as Seen} from '../core/element.ts';
import type {Look, Shown} from '../core/image.ts';
import type {Unit} from './format.ts';
import {pixelSize} from './metadata.ts';
import {gridOf, nearest, resolutionOf, zoomOf, type Extent, type Grid} from './grid.ts';
import {projector} from './projection.ts';
import {PictureTiles} from './tiles.ts';

/** What of an image's edge stays free when all of it is shown, in pixels of the screen. */
const PADDING = 12;
/** How much a pixel of the image may be enlarged. */
const ENLARGED = 32;
/** From this enlargement on the pixels are seen as squares: what is between them is not in the file. */
const SQUARES = 2;

export interface PictureEvents {
  moved(): void;
  failed(error: unknown): void;
}

export class Picture {
  readonly map: OlMap;
  readonly view: View;
  readonly grid: Grid;
  readonly tiles: PictureTiles;
  readonly layer: TileLayer;
  private readonly failed = new Set<DataTile>();
  private readonly retried = new Set<DataTile>();
  /** Where the view was when all of the image was shown. */
  private whole = '';
  private reviewing = 0;

  constructor(
    target: HTMLElement,
    readonly shown: Shown,
    readonly projection: Projection,
    look: Look,
    format: string,
    private readonly events: PictureEvents,
  ) {
    this.grid = gridOf(shown, projector(projection));
    this.tiles = new PictureTiles(shown.api, shown.projection, this.grid, projection, look, format);
    this.layer = new TileLayer({source: this.tiles.source, zIndex: 1});
    this.map = new OlMap({
      target,
      layers: [this.layer],
      controls: [new Attribution({collapsible: false})],
      interactions: interactions({keyboard: false}),
      // Tiles that left the view count as loading; our own queue has the bound that matters.
      maxTilesLoading: 1e5,
    });
    this.view = this.makeView();
    this.map.setView(this.view);
    this.fit();
    this.listen();
  }

  private makeView(): View {
    const {bounds, resolutions} = this.grid;
    const [width, height] = this.map.getSize() ?? [256, 256];
    const whole = Math.max((bounds[2] - bounds[0]) / (width ?? 256), (bounds[3] - bounds[1]) / (height ?? 256));
    return new View({
      projection: this.projection,
      center: [(bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2],
      resolution: whole,
      maxResolution: Math.max(whole * 8, this.grid.pixels ? 0 : resolutionOf(this.grid, 0)),
      minResolution: (resolutions.at(-1) ?? 1) / ENLARGED,
      multiWorld: true,
      constrainRotation: false,
    });
  }

  private listen(): void {
    const {source} = this.tiles;
    this.view.on('change', this.look);
    this.map.on('change:size', () => {
      // A legend or a panel that comes takes room from a picture that is meant to be seen whole.
      if (this.whole === this.spot) this.fit();
      this.look();
    });
    this.map.on('moveend', () => {
      this.look();
      this.events.moved();
    });
    this.layer.on('prerender', ({context, frameState}) => {
      if (!(context instanceof CanvasRenderingContext2D) || !frameState) return;
      const finest = this.grid.resolutions.at(-1) ?? 1;
      context.imageSmoothingEnabled = frameState.viewState.resolution * SQUARES > finest;
    });
    source.on('tileloaderror', ({tile}) => {
      if (!(tile instanceof DataTile)) return;
      const error: unknown = tile.getError();
      // One that was thrown away, or given up with the whole map.
      if (error instanceof DOMException && error.name === 'AbortError') return;
      if (error instanceof Error && error.message === 'disposed') return;
      this.failed.add(tile);
      this.events.failed(error);
    });
    source.on('tileloadend', ({tile}) => {
      // One that is loaded again after an error is not in the map's own queue, so nobody else would draw it.
      if (tile instanceof DataTile && this.retried.delete(tile)) this.layer.changed();
    });
    this.look();
  }

  /** Note where one looks, and let the queue know of it a moment later. */
  private readonly look = (): void => {
    const size = this.map.getSize();
    const resolution = this.view.getResolution();
    const centre = this.view.getCenter();
    if (!size || !resolution || !centre) return;
    const z = this.tiles.tileGrid.getZForResolution(resolution, this.tiles.source.zDirection);
    const extent = this.view.calculateExtent(size) as Extent;
    this.tiles.window = {z, extent, centre: centre as [number, number], resolution};
    if (this.reviewing) return;
    this.reviewing = window.setTimeout(() => {
      this.reviewing = 0;
      this.shown.api.queue.review();
    }, 60);
  };

  /** Ask again for the tiles that could not be had. */
  retry(): void {
    for (const tile of this.failed) {
      this.retried.add(tile);
      tile.load();
    }
    this.failed.clear();
  }

  fit({duration = 0}: {duration?: number} = {}): void {
    const size = this.map.getSize();
    const padding = size && Math.min(...size) > 200 ? PADDING : 0;
    const time = motion(duration);
    const done = () => {
      this.whole = this.spot;
    };
    this.view.fit(this.grid.bounds, {
      padding: [padding, padding, padding, padding],
      ...(time && {duration: time, callback: done}),
    });
    // The callback comes later, and there may be another size by then.
    if (!time) done();
  }

  private get spot(): string {
    return JSON.stringify([this.view.getCenter(), this.view.getResolution()]);
  }

  /** Resolves when the first tile is drawn or cannot be had, or the person begins to look elsewhere. */
  begun(): Promise<void> {
    const {source} = this.tiles;
    return new Promise((resolve) => {
      const done = (event: unknown) => {
        const {tile} = event as TileSourceEvent;
        // Those beside the image are there at once.
        if (tile instanceof DataTile && tile.getData() === this.tiles.empty) return;
        source.un(['tileloadend', 'tileloaderror'], done);
        this.map.once('postrender', () => resolve());
        this.map.render();
      };
      source.on(['tileloadend', 'tileloaderror'], done);
      // Not at each change of the view: it is fitted anew when the controls take room from it.
      const viewport = this.map.getViewport();
      for (const name of ['pointerdown', 'wheel', 'keydown']) viewport?.addEventListener(name, () => resolve(), {once: true});
    });
  }

  /** Resolves when all that is in view is drawn. */
  async drawn(): Promise<void> {
    // Tiles are asked for after a frame, and drawn with the one after they came.
    for (let quiet = 0; quiet < 2 && this.map.getTarget(); quiet = this.tiles.busy ? 0 : quiet + 1) {
      await new Promise((resolve) => {
        this.map.once('postrender', () => setTimeout(resolve, 20));
        this.map.render();
      });
    }
  }

  get seen(): Seen | null {
    const centre = this.view.getCenter();
    const resolution = this.view.getResolution();
    if (!centre || !resolution) return null;
    return {centre: this.place(centre), zoom: zoomOf(this.grid, resolution), rotation: this.view.getRotation()};
  }

  move({centre, zoom, rotation}: Partial<Seen>, duration: number): Promise<void> {
    const to = {
      ...(centre && {center: this.coordinate(centre)}),
      ...(zoom !== undefined && {resolution: resolutionOf(this.grid, zoom)}),
      ...(rotation !== undefined && {rotation}),
    };
    const time = motion(duration);
    if (!time) {
      this.view.cancelAnimations();
      if (to.center) this.view.setCenter(to.center);
      if (to.resolution) this.view.setResolution(to.resolution);
      if (to.rotation !== undefined) this.view.setRotation(to.rotation);
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.view.animate({...to, duration: time}, () => resolve());
    });
  }

  /** Return longitude and latitude, or column and row, of a place on the map. */
  place(coordinate: number[]): [number, number] {
    const [x = 0, y = 0] = coordinate;
    if (this.grid.pixels) return [x, -y];
    const [lon = 0, lat = 0] = toLonLat([x, y], this.projection);
    return [lon, lat];
  }

  /** Return the coordinate of a place: of those that a turn round the world has, the nearest to the image. */
  coordinate([a, b]: [number, number]): [number, number] {
    if (this.grid.pixels) return [a, -b];
    const [x = 0, y = 0] = fromLonLat([a, b], this.projection);
    return [this.projection.canWrapX() ? nearest(this.grid, x) : x, y];
  }

  /** The unit of lengths, and how many of it a pixel of the screen has in the middle of the view. */
  get scale(): {unit: Unit; perPixel: number} {
    const resolution = this.view.getResolution() ?? 1;
    const centre = this.view.getCenter() ?? [0, 0];
    if (!this.grid.pixels) return {unit: 'm', perPixel: getPointResolution(this.projection, resolution, centre, 'm')};
    const {geospatial} = this.shown.metadata;
    const mm = pixelSize(this.shown.metadata)?.[0];
    if (!mm) return {unit: 'px', perPixel: resolution};
    // A pixel on the ground is counted in metres, one of a specimen in its fractions.
    return geospatial ? {unit: 'm', perPixel: (resolution * mm) / 1000} : {unit: 'mm', perPixel: resolution * mm};
  }

  set opacity(opacity: number) {
    this.layer.setOpacity(Number.isFinite(opacity) ? Math.min(1, Math.max(0, opacity)) : 1);
  }

  dispose(): void {
    window.clearTimeout(this.reviewing);
    this.map.setTarget(undefined);
    this.map.getLayers().clear();
    this.layer.dispose();
    this.tiles.dispose();
    this.map.dispose();
  }
}

/** Return a duration that heeds what the person wants of movement. */
export function motion(duration: number): number {
  return matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : duration;
}

/** The image's tiles: asked for with the project's headers, the nearest first, and none of what is out of view. */
import ImageTile from 'ol/source/ImageTile.js';
import TileGrid from 'ol/tilegrid/TileGrid.js';
import type Projection from 'ol/proj/Projection.js';
import type {ImageApi} from '../core/api.ts';
import {ApiError} from '../core/errors.ts';
import type {Look} from '../core/image.ts';
import {tileAddress} from './address.ts';
import {filled, shifts, tileExtent, touches, type Extent, type Grid} from './grid.ts';
import {Shared} from './shared.ts';
import {Store} from './store.ts';

type Picture = ImageBitmap | HTMLCanvasElement;

/** Where one looks, for the order in which tiles are asked for. */
export interface Window {
  z: number;
  extent: Extent;
  centre: [number, number];
  resolution: number;
}

/** Tiles of one frame and style go before those that are only fetched ahead. */
const AHEAD = 1e6;

export class PictureTiles {
  readonly source: PictureSource;
  readonly tileGrid: TileGrid;
  /** Set by the map at each change of the view; null before it has a size. */
  window: Window | null = null;
  private look: Look;
  private format: string;
  private readonly store = new Store<Picture>(300);
  private readonly shared = new Shared<Picture>();
  private readonly loads = new Set<() => number>();
  /** What is shown where nothing of the image is. */
  readonly empty: HTMLCanvasElement;
  /** The tiles that are fetched ahead, by their keys. */
  private ahead = new Set<string>();

  constructor(
    private readonly api: ImageApi,
    private readonly code: string,
    readonly grid: Grid,
    projection: Projection,
    look: Look,
    format: string,
  ) {
    this.look = look;
    this.format = format;
    this.empty = canvasOf(grid.tileSize);
    this.tileGrid = new TileGrid({
      extent: grid.extent,
      origin: [grid.extent[0], grid.extent[3]],
      resolutions: grid.resolutions,
      tileSize: grid.tileSize,
    });
    this.source = new PictureSource({
      loader: (z, x, y, {signal}) => this.load(this.look, z, x, y, signal),
      projection,
      tileGrid: this.tileGrid,
      tileSize: grid.tileSize,
      // A tile that fades in is half transparent over the one it takes the place of.
      transition: 0,
      wrapX: true,
    });
    this.source.show(this.keyOf(look));
  }

  /** Whether a tile that is in view is on its way. */
  get busy(): boolean {
    return [...this.loads].some((distance) => distance() < AHEAD);
  }

  /** Show another frame or style. What is seen stays until the new tile of its place is there. */
  show(look: Look, format: string): void {
    this.look = look;
    this.format = format;
    this.source.show(this.keyOf(look));
    this.api.queue.review();
  }

  /** Fetch what a look would show in this view, so that it is there at once when it is shown. */
  async fetchAhead(look: Look, signal: AbortSignal): Promise<void> {
    const {window} = this;
    if (!window) return;
    const wanted: [number, number, number][] = [];
    this.tileGrid.forEachTileCoord(window.extent, window.z, ([z, x, y]) => {
      if (z !== undefined && x !== undefined && y !== undefined) wanted.push([z, x, y]);
    });
    const key = this.keyOf(look);
    this.ahead.add(key);
    await Promise.allSettled(wanted.map(([z, x, y]) => this.load(look, z, x, y, signal)));
    this.ahead.delete(key);
  }

  dispose(): void {
    this.ahead.clear();
    this.store.clear();
    this.source.dispose();
  }

  private keyOf(look: Look): string {
    return JSON.stringify([look.frame, look.style, look.resampling, this.format]);
  }

  private async load(look: Look, z: number, x: number, y: number, signal: AbortSignal): Promise<Picture> {
    if (!touches(this.grid, z, x, y)) return this.empty;
    const lookKey = this.keyOf(look);
    const key = `${z}/${x}/${y} ${lookKey}`;
    const kept = this.store.get(key);
    if (kept) return kept;
    const {path, query} = tileAddress(this.code, look, this.format, z, x, y);
    const distance = () => this.distance(lookKey, z, x, y);
    this.loads.add(distance);
    try {
      // On a map of the world a tile is seen several times.
      return await this.shared.get(key, signal, async (own) => {
        const blob = await this.api.blob(path, query, {distance}, own);
        const picture = this.padded(await createImageBitmap(blob), z, x, y);
        this.store.set(key, picture);
        return picture;
      });
    } catch (error) {
      // A project may answer so where there is nothing of the image.
      if (error instanceof ApiError && error.status === 404) return this.empty;
      throw error;
    } finally {
      this.loads.delete(distance);
    }
  }

  /** Return how far a tile is from the middle of the view in pixels of the screen, or Infinity if it is not wanted now. */
  private distance(lookKey: string, z: number, x: number, y: number): number {
    const {window} = this;
    const shown = lookKey === this.keyOf(this.look);
    if (!shown && !this.ahead.has(lookKey)) return Infinity;
    if (!window) return 0;
    if (z !== window.z) return Infinity;
    const [left, bottom, right, top] = tileExtent(this.grid, z, x, y);
    const [xmin, ymin, xmax, ymax] = window.extent;
    if (bottom > ymax || top < ymin) return Infinity;
    const width = this.grid.extent[2] - this.grid.extent[0];
    // The view may be several turns round the world away.
    const turn = this.grid.pixels ? 0 : Math.round((window.centre[0] - (left + right) / 2) / width) * width;
    let least = Infinity;
    for (const shift of shifts(this.grid)) {
      const from = left + turn + shift;
      const to = right + turn + shift;
      if (to < xmin || from > xmax) continue;
      least = Math.min(least, Math.hypot((from + to) / 2 - window.centre[0], (bottom + top) / 2 - window.centre[1]));
    }
    return least / window.resolution + (shown ? 0 : AHEAD);
  }

  /** Return a picture of a whole tile: one that is smaller would be stretched, and what fills up the last ones is not the image. */
  private padded(bitmap: ImageBitmap, z: number, x: number, y: number): Picture {
    const [width, height] = this.grid.tileSize;
    const [across, down] = filled(this.grid, z, x, y);
    if (bitmap.width === width && bitmap.height === height && across === width && down === height) return bitmap;
    const canvas = canvasOf(this.grid.tileSize);
    const w = Math.min(across, bitmap.width);
    const h = Math.min(down, bitmap.height);
    canvas.getContext('2d')?.drawImage(bitmap, 0, 0, w, h, 0, 0, w, h);
    bitmap.close();
    return canvas;
  }
}

/** A source whose tiles of before stay seen while those of another key are on their way. */
class PictureSource extends ImageTile {
  show(key: string): void {
    this.setKey(key);
  }
}

function canvasOf([width, height]: [number, number]): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

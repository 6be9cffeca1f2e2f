/** The image as a layer of the globe: which tiles there are, and how they are fetched. */
import {
  Event,
  GeographicTilingScheme,
  Rectangle,
  WebMercatorTilingScheme,
  type Credit,
  type ImageryProvider,
  type TilingScheme,
} from '@cesium/engine';
import type {ImageApi, Query} from '../core/api.ts';
import {ApiError} from '../core/errors.ts';
import type {Bounds} from '../core/image.ts';

/** Where the web map ends, in degrees. */
const MERCATOR_END = 85.05112878;

/** The side of a tile, in pixels. */
const SIDE = 256;

/** A tile matrix of the API that the globe can be covered with. */
export interface Matrix {
  projection: string;
  scheme: TilingScheme;
  /** Return zoom level and row of the API for a level and a row of the globe's scheme; columns are the same. */
  address(level: number, row: number): {z: number; y: number};
  /** By how much the API's zoom level is the larger. */
  deeper: number;
}

/** The web map's own, whose tiles the 2D viewer may have asked for already. */
function webMap(): Matrix {
  return {
    projection: 'EPSG:3857',
    scheme: new WebMercatorTilingScheme(),
    address: (z, y) => ({z, y}),
    deeper: 0,
  };
}

/**
 * Degrees, for what lies beyond the web map's end. EPSG:4087 is longitude and latitude in metres of the equator, and its tile
 * 0/0/0 is a square of the whole turn: of four rows at zoom level 2 the two in the middle are the earth.
 */
function degrees(): Matrix {
  return {
    projection: 'EPSG:4087',
    scheme: new GeographicTilingScheme({numberOfLevelZeroTilesX: 4, numberOfLevelZeroTilesY: 2}),
    address: (level, row) => ({z: level + 2, y: row + 2 ** level}),
    deeper: 2,
  };
}

/** Return the matrix for an image's bounds in degrees. */
export function matrixOf(bounds: Bounds): Matrix {
  return bounds.ymax > MERCATOR_END || bounds.ymin < -MERCATOR_END ? degrees() : webMap();
}

/**
 * Return bounds in degrees as rectangles with sides between -180 and 180: two of an image that crosses the antimeridian.
 * Tight ones: without them the globe would ask for tiles all over the world.
 */
export function rectanglesOf(bounds: Bounds): [west: number, south: number, east: number, north: number][] {
  const {ymin, ymax} = bounds;
  if (bounds.xmax - bounds.xmin >= 360) return [[-180, ymin, 180, ymax]];
  const turns = Math.floor((bounds.xmin + 180) / 360) * 360;
  const [west, east] = [bounds.xmin - turns, bounds.xmax - turns];
  if (east <= 180) return [[west, ymin, east, ymax]];
  return [
    [west, ymin, 180, ymax],
    [-180, ymin, east - 360, ymax],
  ];
}

/** Fetches tiles through the API's queue, with the project's headers; Cesium's own providers know neither. */
export class ApiImageryProvider implements ImageryProvider {
  readonly tileWidth = SIDE;
  readonly tileHeight = SIDE;
  readonly minimumLevel = 0;
  readonly hasAlphaChannel = true;
  readonly errorEvent = new Event();
  readonly tilingScheme: TilingScheme;
  readonly maximumLevel: number;
  readonly rectangle: Rectangle;
  // What Cesium asks of every provider and this one does not have.
  readonly tileDiscardPolicy = undefined as unknown as ImageryProvider['tileDiscardPolicy'];
  readonly credit = undefined as unknown as Credit;
  readonly proxy = undefined as unknown as ImageryProvider['proxy'];
  private readonly pending = new Set<{rectangle: Rectangle; controller: AbortController}>();

  constructor(
    private readonly api: ImageApi,
    private readonly matrix: Matrix,
    sides: [number, number, number, number],
    /** The API's finest zoom level. */
    finest: number,
    private readonly format: string,
    private readonly query: Query,
    private readonly room: () => boolean,
  ) {
    this.tilingScheme = matrix.scheme;
    this.maximumLevel = Math.max(0, finest - matrix.deeper);
    this.rectangle = Rectangle.fromDegrees(...sides);
  }

  getTileCredits(): Credit[] {
    return [];
  }

  pickFeatures(): undefined {
    return undefined;
  }

  /** Return the picture of a tile to come, or undefined for "ask again later": eight are pending at most. */
  requestImage(x: number, row: number, level: number): Promise<ImageBitmap> | undefined {
    if (!this.room()) return undefined;
    const job = {rectangle: this.tilingScheme.tileXYToRectangle(x, row, level), controller: new AbortController()};
    this.pending.add(job);
    return this.fetch(x, row, level, job.controller.signal).finally(() => {
      this.pending.delete(job);
    });
  }

  private async fetch(x: number, row: number, level: number, signal: AbortSignal): Promise<ImageBitmap> {
    const {z, y} = this.matrix.address(level, row);
    try {
      const blob = await this.api.blob(`tiles/${z}/${x}/${y}.${this.format}`, this.query, undefined, signal);
      // WebGL has its first row at the bottom.
      return await createImageBitmap(blob, {imageOrientation: 'flipY', premultiplyAlpha: 'none', colorSpaceConversion: 'none'});
    } catch (error) {
      // A project may answer 404 where the image is not.
      if (error instanceof ApiError && error.status === 404) return createImageBitmap(new ImageData(1, 1));
      throw error;
    }
  }

  /** Abort what is asked for outside of what is seen. */
  keepOnly(seen: Rectangle): void {
    for (const {rectangle, controller} of this.pending) {
      if (!Rectangle.intersection(rectangle, seen)) controller.abort(new DOMException('Out of view.', 'AbortError'));
    }
  }

  abort(): void {
    for (const {controller} of this.pending) controller.abort(new DOMException('The layer is gone.', 'AbortError'));
  }
}

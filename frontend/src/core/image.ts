/** An image as the API describes it, and the tile matrix in which it is shown. */
import type {ImageApi, Query} from './api.ts';
import type {FrameMetadata} from './frames.ts';

export interface Bounds {
  xmin: number;
  ymin: number;
  xmax: number;
  ymax: number;
  srs?: string;
}

export interface BandMetadata {
  interpretation?: string;
  min?: number | null;
  max?: number | null;
  mean?: number | null;
  stdev?: number | null;
  nodata?: number | null;
}

export interface ImageMetadata extends FrameMetadata {
  sizeX: number;
  sizeY: number;
  levels: number;
  tileWidth: number;
  tileHeight: number;
  geospatial: boolean;
  dtype?: string;
  bandCount?: number;
  bands?: Record<string, BandMetadata>;
  magnification?: number | null;
  mm_x?: number | null;
  mm_y?: number | null;
  /** In EPSG:4326; of an image that crosses the antimeridian xmax is beyond 180. */
  bounds?: Bounds | null;
}

export interface Crs {
  code: string | null;
  name: string;
  proj4: string;
  unit: string;
}

/** The tiles of one projection, or of the image's own pixels. */
export interface TileMatrix {
  levels: number;
  size_x: number;
  size_y: number;
  tile_width: number;
  tile_height: number;
  crs?: Crs | null;
  /** The corners of tile 0/0/0 in the projection: xmin, ymin, xmax, ymax. */
  extent?: [number, number, number, number];
  /** The image in the projection. */
  bounds?: Bounds | null;
}

/** What `tiles/metadata` answers. */
export interface TileMetadata extends TileMatrix {
  geospatial: boolean;
  /** The tiles of EPSG:3857; only in an answer without projection. */
  web_mercator?: TileMatrix | null;
  additional_metadata: ImageMetadata;
}

/** In the image's own pixels, y pointing down from 0 at the top. */
export const PIXELS = 'native';
/** What web maps are in. */
const WEB_MAP = 'EPSG:3857';

export interface Shown {
  api: ImageApi;
  /** An EPSG code, or `native`. */
  projection: string;
  tiles: TileMatrix;
  /** The image in its own pixels, whatever it is shown in. */
  own: TileMetadata;
  metadata: ImageMetadata;
}

/** Ask what the image is and in which projection it can be shown: by default the web map's where it has a place. */
export async function describe(api: ImageApi, projection: string | null, signal?: AbortSignal): Promise<Shown> {
  const own = await api.json<TileMetadata>('tiles/metadata', {}, signal);
  const native = !own.geospatial || projection?.toLowerCase() === PIXELS;
  const code = native ? PIXELS : (projection ?? WEB_MAP).toUpperCase();
  // What most images are shown in is in the first answer, so that nothing is asked for before the first tile.
  const known = native ? own : code === WEB_MAP ? own.web_mercator : null;
  const tiles = known ?? (await api.json<TileMatrix>('tiles/metadata', {projection: code}, signal));
  return {api, projection: code, tiles, own, metadata: own.additional_metadata};
}

/** How pixels are asked for: part of the query of every picture. */
export interface Look {
  frame: number;
  style: string;
  resampling: string;
}

/** Return the query of a picture of the image. */
export function lookQuery(look: Look, projection: string): Query {
  return {
    projection: projection === PIXELS ? null : projection,
    frame: look.frame || null,
    style: look.style || null,
    resampling: look.resampling || null,
  };
}

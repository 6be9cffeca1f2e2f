/** The tile matrix of a shown image as numbers: no map library in here. */
import {PIXELS, type Shown} from '../core/image.ts';

export type Extent = [xmin: number, ymin: number, xmax: number, ymax: number];

/** Half the circumference of web maps' sphere in metres. */
const HALF = Math.PI * 6378137;
const WEB_MAP: Extent = [-HALF, -HALF, HALF, HALF];
/** Where web maps end, in degrees: at the poles the projection has no end. */
export const LAST_LATITUDE = 85.0511287798;

export interface Grid {
  /** Whether coordinates are pixels of the image: (column, −row), as y points up on every map. */
  pixels: boolean;
  /** What the tiles cover; tile 0/0 of each level is at its upper left corner. */
  extent: Extent;
  /** Where the image is. It may reach beyond the extent at its left or right, over the antimeridian. */
  bounds: Extent;
  tileSize: [width: number, height: number];
  /** Units of the projection a pixel, at each level. */
  resolutions: number[];
}

/** Return the tile matrix. `project` makes longitudes and latitudes an extent in the projection. */
export function gridOf(shown: Shown, project: (lonLat: Extent) => Extent): Grid {
  const {tiles, metadata} = shown;
  const tileSize: [number, number] = [tiles.tile_width, tiles.tile_height];
  const levels = Math.max(1, tiles.levels);
  if (shown.projection === PIXELS) {
    const extent: Extent = [0, -tiles.size_y, tiles.size_x, 0];
    const resolutions = Array.from({length: levels}, (_, z) => 2 ** (levels - 1 - z));
    return {pixels: true, extent, bounds: extent, tileSize, resolutions};
  }
  const extent = tiles.extent ?? (shown.projection === 'EPSG:3857' ? WEB_MAP : null);
  if (!extent) throw new Error(`The API does not say where the tiles of ${shown.projection} are.`);
  const own = tiles.bounds;
  const lonLat = metadata.bounds;
  let bounds = extent;
  if (own) {
    bounds = within(extent, [own.xmin, own.ymin, own.xmax, own.ymax]);
  } else if (lonLat) {
    const last = shown.projection === 'EPSG:3857' ? LAST_LATITUDE : 90;
    bounds = within(extent, project([lonLat.xmin, Math.max(-last, lonLat.ymin), lonLat.xmax, Math.min(last, lonLat.ymax)]));
  }
  const first = (extent[2] - extent[0]) / tiles.tile_width;
  return {pixels: false, extent, bounds, tileSize, resolutions: Array.from({length: levels}, (_, z) => first / 2 ** z)};
}

/** Return what of the bounds can be seen: round a pole the other one is endlessly far away, and what is no number nowhere. */
function within(extent: Extent, bounds: Extent): Extent {
  const [xmin, ymin, xmax, ymax] = extent;
  const width = xmax - xmin;
  // Over the antimeridian they may reach beyond the tiles.
  const part = bounds.every(Number.isFinite) ? common(bounds, [xmin - width, ymin, xmax + width, ymax]) : null;
  if (!part) return extent;
  return part[2] - part[0] > width ? [xmin, part[1], xmax, part[3]] : part;
}

/** Return the corners of a tile in the projection. */
export function tileExtent(grid: Grid, z: number, x: number, y: number): Extent {
  const resolution = resolutionOf(grid, z);
  const width = grid.tileSize[0] * resolution;
  const height = grid.tileSize[1] * resolution;
  const left = grid.extent[0] + x * width;
  const top = grid.extent[3] - y * height;
  return [left, top - height, left + width, top];
}

/** Tell whether there is something of the image in a tile: if not, there is no need to ask for it. */
export function touches(grid: Grid, z: number, x: number, y: number): boolean {
  const [left, bottom, right, top] = tileExtent(grid, z, x, y);
  const [xmin, ymin, xmax, ymax] = grid.bounds;
  if (bottom >= ymax || top <= ymin) return false;
  return shifts(grid).some((shift) => left + shift < xmax && right + shift > xmin);
}

/** How far the same place is seen again: a turn round the world to each side, on a map. */
export function shifts(grid: Grid): number[] {
  const width = grid.extent[2] - grid.extent[0];
  return grid.pixels ? [0] : [0, -width, width];
}

/** Return the x at which a place is nearest to the image: the same one a turn round the world away, on a map. */
export function nearest(grid: Grid, x: number): number {
  if (grid.pixels) return x;
  const width = grid.extent[2] - grid.extent[0];
  const middle = (grid.bounds[0] + grid.bounds[2]) / 2;
  return x - Math.round((x - middle) / width) * width;
}

/** Return how many pixels of a tile are the image's, from its upper left: those beyond are filled up by the server. */
export function filled(grid: Grid, z: number, x: number, y: number): [width: number, height: number] {
  const [width, height] = grid.tileSize;
  if (!grid.pixels) return [width, height];
  const resolution = resolutionOf(grid, z);
  const part = (all: number, from: number, size: number) => Math.max(0, Math.min(size, Math.ceil(all / resolution) - from * size));
  return [part(grid.extent[2], x, width), part(-grid.extent[1], y, height)];
}

/** Return the resolution of a zoom level, which may lie between two levels or beyond the last. */
export function resolutionOf(grid: Grid, zoom: number): number {
  return (grid.resolutions[0] ?? 1) / 2 ** zoom;
}

/** Return the zoom level of a resolution. */
export function zoomOf(grid: Grid, resolution: number): number {
  return Math.log2((grid.resolutions[0] ?? 1) / resolution);
}

/** Return what two extents have in common; null for nothing. */
export function common(a: Extent, b: Extent): Extent | null {
  const both: Extent = [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])];
  return both[0] < both[2] && both[1] < both[3] ? both : null;
}

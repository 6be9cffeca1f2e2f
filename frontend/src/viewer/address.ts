/** What is asked for: tiles, regions and pixels as paths and queries below an image's address. */
import type {Query} from '../core/api.ts';
import {lookQuery, PIXELS, type Look, type Shown} from '../core/image.ts';
import {common, shifts, type Extent, type Grid} from './grid.ts';

export interface Address {
  path: string;
  query: Query;
}

/** Return the address of a tile; its text is the key that a tile is kept under. */
export function tileAddress(projection: string, look: Look, format: string, z: number, x: number, y: number): Address {
  return {path: `tiles/${z}/${x}/${y}.${format}`, query: lookQuery(look, projection)};
}

export interface RegionOptions {
  format: 'png' | 'tif';
  /** At most so many pixels across and down; null for the full resolution. */
  size: [number, number] | null;
  /** Whether the colours of the style are wanted, or the file's own values. */
  styled: boolean;
}

/** Return the address of a part of the image; null if there is nothing of the image in the extent. */
export function regionAddress(shown: Shown, grid: Grid, look: Look, extent: Extent, options: RegionOptions): Address | null {
  const part = shifts(grid)
    .map((shift) => common([extent[0] + shift, extent[1], extent[2] + shift, extent[3]], grid.bounds))
    .find((one) => one !== null);
  if (!part) return null;
  const {projection, style, ...rest} = lookQuery(look, shown.projection);
  const query: Query = {
    ...rest,
    ...sides(part, grid, shown.projection),
    projection,
    style: options.styled ? style : null,
    max_width: options.size?.[0],
    max_height: options.size?.[1],
  };
  // The file's values are those of the nearest pixels; another resampling is for pictures.
  if (!options.styled && options.format === 'tif') query.resampling = null;
  return {path: `data/region.${options.format}`, query};
}

function sides([xmin, ymin, xmax, ymax]: Extent, grid: Grid, projection: string): Query {
  if (!grid.pixels) return {left: xmin, top: ymax, right: xmax, bottom: ymin, units: projection};
  return {left: Math.floor(xmin), top: Math.floor(-ymax), right: Math.ceil(xmax), bottom: Math.ceil(-ymin), units: 'pixels'};
}

/** Return the address of the values at a place, or null beside the image. */
export function pixelAddress(shown: Shown, grid: Grid, look: Look, [x, y]: [number, number]): Address | null {
  const [xmin, ymin, xmax, ymax] = grid.bounds;
  if (y < ymin || y > ymax) return null;
  const inside = shifts(grid).find((shift) => x + shift >= xmin && x + shift <= xmax);
  if (inside === undefined) return null;
  const query: Query = {frame: look.frame || null, style: look.style || null};
  if (shown.projection === PIXELS) {
    // The pixel at the very edge is the last one, not the one beyond it.
    const inFrame = (value: number, size: number) => Math.min(size - 1, Math.max(0, Math.floor(value)));
    return {path: 'data/pixel', query: {...query, left: inFrame(x, xmax), top: inFrame(-y, -ymin), units: 'pixels'}};
  }
  return {path: 'data/pixel', query: {...query, left: x + inside, top: y, units: shown.projection}};
}

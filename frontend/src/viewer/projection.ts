/** The projection of the map, as OpenLayers wants it. */
import {Projection, get, transformExtent} from 'ol/proj.js';
import {register} from 'ol/proj/proj4.js';
import type proj4 from 'proj4';
import {PIXELS, type Bounds, type Shown} from '../core/image.ts';
import type {Extent} from './grid.ts';

/** Return the projection: OpenLayers' own, or one by the definition that the API gives. */
export async function projectionOf(shown: Shown): Promise<Projection> {
  const {tiles, metadata, projection: code} = shown;
  if (code === PIXELS) {
    return new Projection({code: 'large-image-pixels', units: 'pixels', extent: [0, -tiles.size_y, tiles.size_x, 0]});
  }
  const projection = get(code) ?? (await load(code, tiles.crs?.proj4));
  // A system of a part of the world has no extents, and those of the image are what it is used for.
  if (!projection.isGlobal()) {
    if (tiles.extent) projection.setExtent(tiles.extent);
    const bounds = metadata.bounds;
    if (bounds) projection.setWorldExtent(around(bounds));
  }
  return projection;
}

/** Few images need it, so it is not part of the bundle. */
async function load(code: string, definition: string | undefined): Promise<Projection> {
  if (!definition) throw new Error(`The API does not say how coordinates of ${code} are calculated.`);
  const address = new URL('proj4.js', import.meta.url).href;
  const module = (await import(address)) as {default: typeof proj4};
  module.default.defs(code, definition);
  register(module.default);
  const made = get(code);
  if (!made) throw new Error(`Coordinates of ${code} cannot be calculated here.`);
  return made;
}

/** Return where the graticule is drawn, in degrees: round the image. */
function around({xmin, ymin, xmax, ymax}: Bounds): Extent {
  const margin = 30;
  return [Math.max(-180, xmin - margin), Math.max(-90, ymin - margin), Math.min(180, xmax + margin), Math.min(90, ymax + margin)];
}

/** Return a function from longitudes and latitudes to an extent in the projection. */
export function projector(projection: Projection): (lonLat: Extent) => Extent {
  return (lonLat) => transformExtent(lonLat, 'EPSG:4326', projection, 16) as Extent;
}

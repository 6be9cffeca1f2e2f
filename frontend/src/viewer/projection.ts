/** The projection of the map, as OpenLayers wants it. */
import {Projection, get, transformExtent} from 'ol/proj.js';
import {register} from 'ol/proj/proj4.js';
import type proj4 from 'proj4';
import {PIXELS, type Shown} from '../core/image.ts';
import type {Extent} from './grid.ts';

/** Return the projection: OpenLayers' own, or one by the definition that the API gives. */
export async function projectionOf(shown: Shown): Promise<Projection> {
  const {tiles, metadata, projection: code} = shown;
  if (code === PIXELS) {
    return new Projection({code: 'large-image-pixels', units: 'pixels', extent: [0, -tiles.size_y, tiles.size_x, 0]});
  }
  const own = get(code);
  if (own) return own;
  const definition = tiles.crs?.proj4;
  if (!definition) throw new Error(`The API does not say how coordinates of ${code} are calculated.`);
  // Few images need it, so it is not part of the bundle.
  const address = new URL('proj4.js', import.meta.url).href;
  const module = (await import(address)) as {default: typeof proj4};
  module.default.defs(code, definition);
  register(module.default);
  const made = get(code);
  if (!made) throw new Error(`Coordinates of ${code} cannot be calculated here.`);
  if (tiles.extent) made.setExtent(tiles.extent);
  const bounds = metadata.bounds;
  // The graticule is drawn where the projection is good for something: round the image.
  if (bounds) {
    made.setWorldExtent([
      Math.max(-180, bounds.xmin - 30),
      Math.max(-90, bounds.ymin - 30),
      Math.min(180, bounds.xmax + 30),
      Math.min(90, bounds.ymax + 30),
    ]);
  }
  return made;
}

/** Return a function from longitudes and latitudes to an extent in the projection. */
export function projector(projection: Projection): (lonLat: Extent) => Extent {
  return (lonLat) => transformExtent(lonLat, 'EPSG:4326', projection, 16) as Extent;
}

/** Images for the tests, as the API describes them. */
import {ImageApi} from '../core/api.ts';
import {PIXELS, type ImageMetadata, type Shown, type TileMetadata} from '../core/image.ts';

const METADATA: ImageMetadata = {sizeX: 1000, sizeY: 600, levels: 3, tileWidth: 256, tileHeight: 256, geospatial: false, dtype: 'uint8', bandCount: 3};

export function pixelImage(metadata: Partial<ImageMetadata> = {}): Shown {
  const all = {...METADATA, ...metadata};
  const tiles: TileMetadata = {
    levels: 3,
    size_x: 1000,
    size_y: 600,
    tile_width: 256,
    tile_height: 256,
    geospatial: false,
    additional_metadata: all,
  };
  return {api: new ImageApi('/api/images/7'), projection: PIXELS, tiles, own: tiles, metadata: all};
}

/** Return an image on the web map; its bounds are in its metres. */
export function mapImage(bounds: [number, number, number, number], metadata: Partial<ImageMetadata> = {}): Shown {
  const [xmin, ymin, xmax, ymax] = bounds;
  const shown = pixelImage({...metadata, geospatial: true});
  const tiles = {...shown.tiles, geospatial: true, levels: 5, size_x: 4096, size_y: 4096, bounds: {xmin, ymin, xmax, ymax}};
  return {...shown, projection: 'EPSG:3857', tiles};
}

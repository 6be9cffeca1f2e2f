/** The important things of an image's metadata as rows of a table. */
import type {BandMetadata, ImageMetadata, Shown} from '../core/image.ts';
import {lengthText, numberText, wrapLongitude} from './format.ts';

export type Row = [label: string, value: string];

export function rowsOf(shown: Shown): Row[] {
  const {metadata, own} = shown;
  const rows: (Row | null)[] = [
    ['Size', `${numberText(metadata.sizeX)} × ${numberText(metadata.sizeY)} pixels`],
    sizeRow(shown),
    row('Magnification', metadata.magnification ? `${numberText(metadata.magnification)}×` : null),
    row('Type of values', metadata.dtype),
    row('Bands', metadata.bandCount),
    row('Frames', Array.isArray(metadata.frames) ? metadata.frames.length : null),
    row('Channels', metadata.channels?.join(', ')),
    row('Coordinate system', own.crs ? [own.crs.name, own.crs.code].filter(Boolean).join(', ') : null),
    boundsRow(shown),
    row('Levels', metadata.levels),
    ['Tiles', `${metadata.tileWidth} × ${metadata.tileHeight} pixels`],
  ];
  return rows.filter((one): one is Row => one !== null);
}

function row(label: string, value: string | number | null | undefined): Row | null {
  if (value === null || value === undefined || value === '' || value === 0) return null;
  return [label, typeof value === 'number' ? numberText(value) : value];
}

function sizeRow({metadata}: Shown): Row | null {
  const known = pixelSize(metadata);
  if (!known) return null;
  const unit = metadata.geospatial ? 'm' : 'mm';
  const [across, down] = known.map((mm) => lengthText(metadata.geospatial ? mm / 1000 : mm, unit));
  return ['Size of a pixel', `${across ?? ''} × ${down ?? ''}`];
}

/** The pixels of a map of the world are not squares: at a pole they have no width. Then there is no one scale. */
const MOST_OBLONG = 4;

/** Return width and height of a pixel in millimetres, if the file says something that can be. */
export function pixelSize({mm_x: x, mm_y: y}: Pick<ImageMetadata, 'mm_x' | 'mm_y'>): [number, number] | null {
  if (!x || !(x > 0)) return null;
  const down = y && y > 0 ? y : x;
  return Math.max(x / down, down / x) > MOST_OBLONG ? null : [x, down];
}

function boundsRow({metadata}: Shown): Row | null {
  const {bounds} = metadata;
  if (!metadata.geospatial || !bounds) return null;
  const text = (value: number, [more, less]: string) => `${numberText(Math.abs(value), 7)}° ${(value < 0 ? less : more) ?? ''}`;
  const east = (lon: number) => text(wrapLongitude(lon), 'EW');
  return [
    'Bounds',
    `${east(bounds.xmin)} to ${east(bounds.xmax)}, ${text(bounds.ymin, 'NS')} to ${text(bounds.ymax, 'NS')}`,
  ];
}

/** Return the name of a band, or its number where it has none. */
export function bandName(band: string, metadata: BandMetadata | undefined): string {
  const name = metadata?.interpretation;
  return name && name !== 'undefined' ? name : `Band ${band}`;
}

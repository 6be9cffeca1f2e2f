/** What a style says of colours, for a legend: one entry for each band that has a palette. */
import type {ImageMetadata} from '../core/image.ts';
import {numberText} from './format.ts';

export interface LegendEntry {
  label: string;
  /** The colours of the palette as CSS; null where it is one of the server's, by its name. */
  colours: string[] | null;
  palette: string;
  discrete: boolean;
  min: string;
  max: string;
}

interface BandStyle {
  band?: number | string;
  frame?: number;
  palette?: unknown;
  min?: unknown;
  max?: unknown;
  scheme?: string;
}

/** large-image's own names of pure colours, which are not CSS's. */
const PURE: Record<string, string> = {R: '#f00', G: '#0f0', B: '#00f', RED: '#f00', GREEN: '#0f0', BLUE: '#00f'};
/** Names that are a colour map of the server and a colour of CSS; as a palette they are the map. */
const MAPS = new Set(['gray', 'grey', 'pink']);
const FULL: Record<string, [number, number]> = {uint8: [0, 255], uint16: [0, 65535], uint32: [0, 4294967295]};

/** Return the entries of a style as JSON; none for a style without palettes, or for what is no style. */
export function legendOf(style: string, metadata: ImageMetadata, isColour: (text: string) => boolean): LegendEntry[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(style || 'null');
  } catch {
    return [];
  }
  if (typeof parsed !== 'object' || parsed === null) return [];
  const listed = (parsed as {bands?: unknown}).bands;
  const bands = (Array.isArray(listed) ? listed : [parsed]) as (BandStyle | null)[];
  return bands
    .filter((band): band is BandStyle => !!band?.palette && band.palette !== 'colortable')
    .map((band) => entryOf(band, metadata, isColour));
}

function entryOf(style: BandStyle, metadata: ImageMetadata, isColour: (text: string) => boolean): LegendEntry {
  const {palette} = style;
  const name = typeof palette === 'string' ? palette : '';
  return {
    label: labelOf(style, metadata),
    colours: Array.isArray(palette) ? palette.map(colourOf) : coloursOf(name, isColour),
    palette: name,
    discrete: style.scheme === 'discrete',
    min: limitText(style.min, 'min', style, metadata),
    max: limitText(style.max, 'max', style, metadata),
  };
}

/** A palette of one colour goes from black to it. */
function coloursOf(name: string, isColour: (text: string) => boolean): string[] | null {
  if (name in PURE) return ['#000', colourOf(name)];
  return !MAPS.has(name.toLowerCase()) && isColour(name) ? ['#000', name] : null;
}

function colourOf(colour: unknown): string {
  if (Array.isArray(colour)) {
    const [r, g, b, a] = colour.map(Number);
    const byte = (part = 0) => Math.round(part * 255);
    return `rgb(${byte(r)} ${byte(g)} ${byte(b)} / ${a ?? 1})`;
  }
  const text = String(colour);
  return PURE[text] ?? text;
}

function labelOf({band, frame}: BandStyle, metadata: ImageMetadata): string {
  const listed = Array.isArray(metadata.frames) ? metadata.frames : [];
  const channel = frame === undefined ? undefined : (listed[frame]?.Channel ?? metadata.channels?.[frame]);
  if (typeof channel === 'string') return channel;
  if (frame !== undefined && band === undefined) return `Frame ${frame + 1}`;
  if (typeof band === 'string') return band;
  if (metadata.bandCount === 1) return '';
  const number = band ?? 1;
  return metadata.bands?.[String(number)]?.interpretation ?? `Band ${number}`;
}

/** Return the number at an end of the palette, as far as it is known without asking for it. */
function limitText(value: unknown, end: 'min' | 'max', style: BandStyle, metadata: ImageMetadata): string {
  if (typeof value === 'number') return numberText(value);
  const word = typeof value === 'string' && value !== '' ? value : 'auto';
  if (Number.isFinite(Number(word))) return numberText(Number(word));
  const byte = FULL[metadata.dtype ?? ''];
  if (word === 'full') return byte ? numberText(byte[end === 'min' ? 0 : 1]) : end === 'min' ? '0' : '1';
  if (word === 'auto' && metadata.dtype === 'uint8') return end === 'min' ? '0' : '255';
  const [limit = '', share] = word.split(':');
  if (share) return `${numberText(Number(share) * 100)} %`;
  const band = metadata.bands?.[String(style.band ?? 1)];
  const known = limit === 'auto' ? band?.[end] : limit === 'min' ? band?.min : band?.max;
  return typeof known === 'number' ? numberText(known) : end;
}

/** Return the colours as a CSS gradient, in steps where the palette is discrete. */
export function gradient(colours: string[], discrete: boolean): string {
  const count = colours.length;
  const stops = discrete
    ? colours.map((colour, index) => `${colour} ${(index / count) * 100}% ${((index + 1) / count) * 100}%`)
    : colours;
  return count === 1 ? `linear-gradient(${colours.join()}, ${colours.join()})` : `linear-gradient(to right, ${stops.join(', ')})`;
}

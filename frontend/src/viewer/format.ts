/** Numbers as a person reads them. */

/** What a unit of an image's coordinates is: metres on the ground, millimetres in the specimen, or nothing known. */
export type Unit = 'm' | 'mm' | 'px';

/** Return a number with at most so many significant digits, without an exponent where that can be read. */
export function numberText(value: number, digits = 6): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e12 || size < 1e-6)) return value.toExponential(Math.max(0, digits - 3));
  if (Number.isInteger(value)) return value.toLocaleString('en', {useGrouping: size >= 1e5});
  return Number(value.toPrecision(digits)).toLocaleString('en', {maximumFractionDigits: 12, useGrouping: size >= 1e5});
}

const LENGTHS: [factor: number, name: string][] = [
  [1e3, 'km'],
  [1, 'm'],
  [1e-3, 'mm'],
  [1e-6, 'µm'],
  [1e-9, 'nm'],
];

/** Return a length with the unit that fits it. */
export function lengthText(length: number, unit: Unit, digits = 4): string {
  if (unit === 'px') return `${numberText(length, digits)} px`;
  const metres = unit === 'mm' ? length / 1000 : length;
  // On the ground nobody counts in millimetres.
  if (unit === 'm' && metres < 1 && metres >= 0.01) return `${numberText(metres * 100, digits)} cm`;
  const [factor, name] = LENGTHS.find(([least]) => metres >= least * 0.9999999) ?? [1e-9, 'nm'];
  return `${numberText(metres / factor, digits)} ${name}`;
}

/** Return an area with the unit that fits it; it comes in square units. */
export function areaText(area: number, unit: Unit, digits = 4): string {
  if (unit === 'px') return `${numberText(area, digits)} px²`;
  const metres = unit === 'mm' ? area / 1e6 : area;
  const [factor, name] = LENGTHS.find(([least]) => metres >= least * least * 0.9999999) ?? [1e-9, 'nm'];
  return `${numberText(metres / factor / factor, digits)} ${name}²`;
}

/** Return longitude and latitude; `resolution` in degrees a pixel says how many digits have a meaning. */
export function lonLatText([lon, lat]: [number, number], resolution: number): string {
  const digits = Math.max(1, Math.min(8, Math.ceil(-Math.log10(resolution))));
  const east = wrapLongitude(lon);
  return `${Math.abs(lat).toFixed(digits)}° ${lat < 0 ? 'S' : 'N'}, ${Math.abs(east).toFixed(digits)}° ${east < 0 ? 'W' : 'E'}`;
}

/** Return a longitude between −180 and 180. */
export function wrapLongitude(lon: number): number {
  return lon >= -180 && lon <= 180 ? lon : ((((lon + 180) % 360) + 360) % 360) - 180;
}

/** Return bytes of a file in words. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1e6 ? `${numberText(bytes / 1e3, 3)} kB` : `${numberText(bytes / 1e6, 3)} MB`;
}

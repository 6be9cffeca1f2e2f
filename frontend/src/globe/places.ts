/** Longitudes and latitudes, for people. */

/** Return a longitude between -180 and 180. */
export function around(longitude: number): number {
  return ((((longitude + 180) % 360) + 360) % 360) - 180;
}

/** Return a place for a person to read. */
export function degreesText(longitude: number, latitude: number): string {
  const part = (value: number, positive: string, negative: string) => `${Math.abs(value).toFixed(5)}° ${value < 0 ? negative : positive}`;
  return `${part(latitude, 'N', 'S')}  ${part(longitude, 'E', 'W')}`;
}

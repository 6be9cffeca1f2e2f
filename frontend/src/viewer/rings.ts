/** Rings of longitudes and latitudes. */
export type Place = [lon: number, lat: number];

/**
 * Return a ring without leaps over the antimeridian: its longitudes go on beyond 180. One that goes round the world, as
 * Antarctica's does, is led over its pole.
 */
export function unwrapped(ring: Place[]): Place[] {
  const all: Place[] = [];
  let before = 0;
  for (const [lon, lat] of ring) {
    before = all.length ? before + ((((lon - before) % 360) + 540) % 360) - 180 : lon;
    all.push([before, lat]);
  }
  const [first, end] = [all[0], all.at(-1)];
  if (!first || !end || Math.abs(end[0] - first[0]) < 180) return all;
  const pole = first[1] < 0 ? -90 : 90;
  return [...all, [end[0], pole], [first[0], pole], first];
}

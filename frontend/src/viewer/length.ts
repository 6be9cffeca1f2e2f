/** Lengths in an image's own pixels. */

/** Return the length of a line whose units across and down differ. */
export function lineLength(places: number[][], across: number, down: number): number {
  return places.slice(1).reduce((sum, [x = 0, y = 0], index) => {
    const [fromX = 0, fromY = 0] = places[index] ?? [];
    return sum + Math.hypot((x - fromX) * across, (y - fromY) * down);
  }, 0);
}

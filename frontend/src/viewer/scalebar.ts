/** The scale bar's length and number. */
import {lengthText, type Unit} from './format.ts';

export interface ScaleBar {
  /** In pixels of the screen. */
  width: number;
  label: string;
}

/** Return the greatest 1, 2 or 5 times a power of ten that is not greater than `most`. */
export function roundLength(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  // A trillionth more: 5 × 0.1 is not to fail for what floats lose.
  const factor = [5, 2, 1].find((one) => one * power <= most * (1 + 1e-12)) ?? 1;
  return factor * power;
}

/** Return a bar of at most `most` pixels of the screen, of which each is `perPixel` long; null if there is no such length. */
export function scaleBar(perPixel: number, unit: Unit, most = 110): ScaleBar | null {
  if (!(perPixel > 0) || !Number.isFinite(perPixel)) return null;
  const length = roundLength(perPixel * most);
  return {width: length / perPixel, label: lengthText(length, unit, 1)};
}

/** What is seen, as text in the address of the page, so that a reload or a link to it shows the same. */

export interface ViewState {
  /** Longitude and latitude in degrees of an image on a map; else column and row in pixels. */
  centre: [number, number];
  zoom: number;
  /** In radians, clockwise. */
  rotation: number;
  frame: number;
  /** The style as JSON; empty for none. */
  style: string;
}

/** Return `x,y,zoom,rotation`, rounded to what can be seen: a hundredth of a tile's pixel at zoom level 22. */
function viewText(state: ViewState): string {
  const round = (value: number, digits: number) => String(Number(value.toFixed(digits)));
  const [x, y] = state.centre;
  return [round(x, 7), round(y, 7), round(state.zoom, 3), round(state.rotation, 4)].join();
}

/** What the page itself shows at first; it is not said in the hash, and holds where the hash says nothing. */
export type Defaults = Pick<ViewState, 'frame' | 'style'>;

const NONE: Defaults = {frame: 0, style: ''};

/** Return the hash with the state under a key; what others keep in it stays. */
export function writeState(hash: string, key: string, state: ViewState, defaults: Defaults = NONE): string {
  const params = new URLSearchParams(hash.replace(/^#/, ''));
  params.set(key, viewText(state));
  if (state.frame !== defaults.frame) params.set(`${key}.frame`, String(state.frame));
  else params.delete(`${key}.frame`);
  if (state.style !== defaults.style) params.set(`${key}.style`, state.style);
  else params.delete(`${key}.style`);
  return `#${params.toString().replaceAll('%2C', ',')}`;
}

/** Return what the hash says under a key; null if that is nothing, or no view. */
export function readState(hash: string, key: string, defaults: Defaults = NONE): ViewState | null {
  const params = new URLSearchParams(hash.replace(/^#/, ''));
  const numbers = (params.get(key) ?? '').split(',').map(Number);
  const [x, y, zoom, rotation] = numbers;
  if (numbers.length !== 4 || x === undefined || y === undefined || zoom === undefined || rotation === undefined) return null;
  if (!numbers.every(Number.isFinite)) return null;
  const frame = Number(params.get(`${key}.frame`) ?? defaults.frame);
  return {
    centre: [x, y],
    zoom,
    rotation,
    frame: Number.isInteger(frame) && frame >= 0 ? frame : defaults.frame,
    style: params.get(`${key}.style`) ?? defaults.style,
  };
}

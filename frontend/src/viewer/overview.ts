/** A small picture of the whole image in the corner, with a frame round what is seen; a click looks there. */
import {html, nothing, type TemplateResult} from 'lit';
import {lookQuery} from '../core/image.ts';
import type {Host, Tool} from './host.ts';
import {nearest, type Grid} from './grid.ts';
import type {Picture} from './picture.ts';

/** The longer side in pixels. */
const SIDE = 140;
/** Where the map is narrower, it is too small for it, until it is asked for. */
const ROOM = 520;

export class Overview implements Tool {
  shown = true;
  private picture: Picture | null = null;
  private thumbnail: ImageBitmap | null = null;
  private loaded = '';
  private controller: AbortController | null = null;
  private timer = 0;

  constructor(private readonly host: Host) {}

  open(picture: Picture): void {
    this.picture = picture;
    this.shown = (picture.map.getSize()?.[0] ?? 0) >= ROOM;
    picture.view.on('change', this.draw);
    this.renew();
  }

  close(): void {
    window.clearTimeout(this.timer);
    this.controller?.abort();
    this.picture?.view.un('change', this.draw);
    this.thumbnail?.close();
    this.thumbnail = null;
    this.loaded = '';
    this.picture = null;
  }

  show(shown: boolean): void {
    this.shown = shown;
    this.renew();
    this.host.requestUpdate();
  }

  private get wanted(): boolean {
    return this.shown && this.host.has('overview');
  }

  /** Ask for the picture if it is another one than that which is there. */
  renew(): void {
    window.clearTimeout(this.timer);
    const {picture} = this;
    if (!picture || !this.wanted) return;
    const query = {...lookQuery(this.host.look, picture.shown.projection), max_width: SIDE * 2, max_height: SIDE * 2};
    const wanted = JSON.stringify(query);
    if (wanted === this.loaded) return;
    // While frames go by it is not asked for each of them, and the first tiles go before it.
    this.timer = window.setTimeout(() => {
      this.controller?.abort();
      const controller = new AbortController();
      this.controller = controller;
      this.loaded = wanted;
      picture.shown.api
        .blob('data/thumbnail.png', query, {distance: () => 1e5}, controller.signal)
        .then((blob) => createImageBitmap(blob))
        .then((bitmap) => {
          if (controller.signal.aborted) return;
          this.thumbnail?.close();
          this.thumbnail = bitmap;
          this.host.requestUpdate();
        })
        // It is an extra: where there is none, the tiles tell why.
        .catch(() => undefined);
    }, 400);
  }

  /** Draw the picture and the frame; called after each rendering, as the canvas may be a new one. */
  readonly draw = (): void => {
    const {picture, thumbnail} = this;
    const canvas = this.host.renderRoot.querySelector<HTMLCanvasElement>('canvas.overview');
    const context = canvas?.getContext('2d');
    if (!picture || !thumbnail || !canvas || !context) return;
    const [width, height] = sizeOf(picture.grid, SIDE);
    const ratio = devicePixelRatio;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    context.scale(ratio, ratio);
    context.drawImage(thumbnail, 0, 0, width, height);
    const corners = this.corners(picture).map((place) => toOverview(picture.grid, place, SIDE));
    context.beginPath();
    for (const [x, y] of corners) context.lineTo(x, y);
    context.closePath();
    const {ink} = this.host;
    context.lineJoin = 'round';
    for (const [colour, line] of [[ink.halo, 4], [ink.accent, 2]] as const) {
      context.strokeStyle = colour;
      context.lineWidth = line;
      context.stroke();
    }
  };

  /** Return the corners of what is seen, in the map's coordinates. */
  private corners(picture: Picture): [number, number][] {
    const [width = 0, height = 0] = picture.map.getSize() ?? [];
    const {view, grid} = picture;
    const [x = 0, y = 0] = view.getCenter() ?? [];
    const resolution = view.getResolution() ?? 1;
    const rotation = view.getRotation();
    const middle = picture.projection.canWrapX() ? nearest(grid, x) : x;
    const signs: [number, number][] = [[-1, 1], [1, 1], [1, -1], [-1, -1]];
    return signs.map(([right, up]) => {
      const across = (right * width * resolution) / 2;
      const along = (up * height * resolution) / 2;
      return [
        middle + across * Math.cos(rotation) - along * Math.sin(rotation),
        y + across * Math.sin(rotation) + along * Math.cos(rotation),
      ];
    });
  }

  private readonly pointed = (event: PointerEvent): void => {
    const {picture} = this;
    if (!picture || !(event.buttons & 1)) return;
    const canvas = event.currentTarget as HTMLCanvasElement;
    canvas.setPointerCapture(event.pointerId);
    picture.view.cancelAnimations();
    picture.view.setCenter(fromOverview(picture.grid, [event.offsetX, event.offsetY], SIDE));
  };

  render(): TemplateResult | typeof nothing {
    if (!this.thumbnail || !this.wanted) return nothing;
    return html`<canvas
      class="overview"
      part="overview"
      role="img"
      aria-label="All of the image, with a frame round what is seen"
      @pointerdown=${this.pointed}
      @pointermove=${this.pointed}
    ></canvas>`;
  }
}

/** Return width and height of the overview: in the image's proportions, but never too thin to be hit. */
export function sizeOf({bounds}: Grid, side: number): [number, number] {
  const width = bounds[2] - bounds[0];
  const height = bounds[3] - bounds[1];
  const longer = Math.max(width, height);
  return [Math.max(24, (side * width) / longer), Math.max(24, (side * height) / longer)];
}

export function toOverview(grid: Grid, [x, y]: [number, number], side: number): [number, number] {
  const [width, height] = sizeOf(grid, side);
  const [xmin, ymin, xmax, ymax] = grid.bounds;
  return [((x - xmin) / (xmax - xmin)) * width, ((ymax - y) / (ymax - ymin)) * height];
}

export function fromOverview(grid: Grid, [x, y]: [number, number], side: number): [number, number] {
  const [width, height] = sizeOf(grid, side);
  const [xmin, ymin, xmax, ymax] = grid.bounds;
  return [xmin + (x / width) * (xmax - xmin), ymax - (y / height) * (ymax - ymin)];
}

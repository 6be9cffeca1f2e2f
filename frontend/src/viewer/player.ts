/** Play the frames along an axis; the next one is fetched before it is shown. */
import {nextFrame} from '../core/frames.ts';
import type {Host, Tool} from './host.ts';
import type {Picture} from './picture.ts';

/** How long a frame is waited for, in milliseconds; then it is shown as far as it is there. */
const PATIENCE = 8000;

export class Player implements Tool {
  speed = 2;
  axis = 0;
  private picture: Picture | null = null;
  private controller: AbortController | null = null;

  constructor(private readonly host: Host) {}

  get playing(): boolean {
    return this.controller !== null;
  }

  open(picture: Picture): void {
    this.picture = picture;
  }

  close(): void {
    this.pause();
    this.axis = 0;
    this.picture = null;
  }

  readonly toggle = (): void => {
    if (this.playing) this.pause();
    else this.play();
  };

  play(): void {
    if (this.playing || !this.picture || this.host.frames.count < 2) return;
    const controller = new AbortController();
    this.controller = controller;
    this.host.requestUpdate();
    void this.run(this.picture, controller.signal);
  }

  pause(): void {
    if (!this.controller) return;
    this.controller.abort();
    this.controller = null;
    this.host.requestUpdate();
  }

  /** Go along an axis by hand. */
  step(by: number, axis = this.axis): void {
    if (this.host.frames.count < 2) return;
    this.pause();
    this.host.frame = nextFrame(this.host.frames, this.host.frame, axis, by);
  }

  /** Tell whether it still plays, and was not paused and begun anew. */
  private plays(signal: AbortSignal): boolean {
    return this.controller?.signal === signal;
  }

  private async run(picture: Picture, signal: AbortSignal): Promise<void> {
    const {host} = this;
    const ahead = (frame: number) => picture.tiles.fetchAhead({...host.look, frame}, signal);
    while (this.plays(signal)) {
      const began = performance.now();
      const next = nextFrame(host.frames, host.frame, this.axis);
      await Promise.race([ahead(next), wait(PATIENCE, signal)]);
      await wait(1000 / this.speed - (performance.now() - began), signal);
      // It may have been paused in between, and a page out of sight needs no film.
      if (!this.plays(signal)) return;
      if (document.hidden) continue;
      host.frame = next;
      await host.updateComplete;
      void ahead(nextFrame(host.frames, next, this.axis));
    }
  }
}

/** Wait some milliseconds, or until the signal says that there is nothing to wait for. */
function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, Math.max(0, milliseconds));
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      {once: true},
    );
  });
}

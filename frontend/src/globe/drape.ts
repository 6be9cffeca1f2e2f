/** The layers on the globe: one below, and the image over it; a new look takes the place of the old one once it is there. */
import {ImageryLayer, type Scene, type TileProviderError} from '@cesium/engine';
import {lookQuery, type Bounds, type Look, type Shown} from '../core/image.ts';
import {MOST_PENDING} from '../core/queue.ts';
import {ApiImageryProvider, matrixOf, rectanglesOf, type Matrix} from './imagery.ts';

/** One layer of the image: there are two of an image that crosses the antimeridian. */
interface Part {
  layer: ImageryLayer;
  provider: ApiImageryProvider;
}

export class Drape {
  private base: ImageryLayer | null = null;
  private current: Part[] = [];
  private old: Part[] = [];
  private readonly matrix: Matrix;
  private readonly stop: () => void;
  private opacity = 1;

  constructor(
    private readonly scene: Scene,
    private readonly shown: Shown,
    private readonly bounds: Bounds,
    private readonly failed: (error: unknown) => void,
  ) {
    this.matrix = matrixOf(bounds);
    this.stop = scene.globe.tileLoadProgressEvent.addEventListener((waiting: number) => {
      if (!waiting) this.removeOld();
    });
  }

  /** Show the image with a frame and a style. */
  show(look: Look, format: string, opacity: number): void {
    this.opacity = opacity;
    // Those that are not complete yet are of no more use.
    if (this.old.length) this.remove(this.current);
    else this.old = this.current;
    const {api, tiles} = this.shown;
    // The web map's finest level; one that is another CRS's has a like one.
    const finest = Math.max(0, tiles.levels - 1);
    this.current = rectanglesOf(this.bounds).map((sides) => {
      const provider = new ApiImageryProvider(
        api,
        this.matrix,
        sides,
        finest,
        format,
        lookQuery(look, this.matrix.projection),
        () => api.queue.pending + api.queue.queued < MOST_PENDING,
      );
      provider.errorEvent.addEventListener((problem: TileProviderError) => {
        const aborted = (problem.error as Error | undefined)?.name === 'AbortError';
        // Asked for again when it is seen again.
        problem.retry = aborted;
        if (!aborted) this.failed(problem.error);
      });
      const layer = new ImageryLayer(provider, {alpha: opacity});
      this.scene.imageryLayers.add(layer);
      return {layer, provider};
    });
    this.scene.requestRender();
  }

  fade(opacity: number): void {
    this.opacity = opacity;
    for (const {layer} of this.parts) layer.alpha = opacity;
    this.scene.requestRender();
  }

  setBase(layer: ImageryLayer | null): void {
    if (this.base) this.scene.imageryLayers.remove(this.base, true);
    this.base = layer;
    if (layer) this.scene.imageryLayers.add(layer, 0);
    this.scene.requestRender();
  }

  /** Abort what is out of view. */
  review(): void {
    const seen = this.scene.camera.computeViewRectangle(this.scene.globe.ellipsoid);
    if (!seen) return;
    for (const {provider} of this.parts) provider.keepOnly(seen);
    this.scene.requestRender();
  }

  clear(): void {
    this.stop();
    for (const {provider} of this.parts) provider.abort();
    this.current = [];
    this.old = [];
    this.base = null;
  }

  private get parts(): Part[] {
    return [...this.current, ...this.old];
  }

  private removeOld(): void {
    this.remove(this.old);
    this.old = [];
  }

  private remove(parts: Part[]): void {
    for (const {layer, provider} of parts) {
      provider.abort();
      this.scene.imageryLayers.remove(layer, true);
    }
    if (parts.length) this.scene.requestRender();
  }
}


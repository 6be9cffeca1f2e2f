/** Tell an element when it is to begin: near the visible part of the page, and with a size. */
import type {ReactiveController, ReactiveControllerHost} from 'lit';

/** How far from the visible part of the page that is, in pixels. */
const NEAR = 400;

export class Nearby implements ReactiveController {
  /** Whether it has begun, since it was added to the page. */
  reached = false;
  private observer: IntersectionObserver | null = null;

  constructor(
    private readonly host: ReactiveControllerHost & HTMLElement,
    private readonly begin: () => void,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({isIntersecting}) => isIntersecting)) this.reach(observer);
      },
      {rootMargin: `${NEAR}px`},
    );
    observer.observe(this.host);
    this.observer = observer;
    // Where it is seen at once, the observer's word would come some frames later.
    queueMicrotask(() => {
      const {width, height, top} = this.host.getBoundingClientRect();
      if (width && height && top < innerHeight && top + height > 0) this.reach(observer);
    });
  }

  hostDisconnected(): void {
    this.observer?.disconnect();
    this.observer = null;
    this.reached = false;
  }

  private reach(observer: IntersectionObserver): void {
    // It may have been removed in between, and added again.
    if (this.observer !== observer || this.reached) return;
    observer.disconnect();
    this.reached = true;
    this.begin();
  }
}

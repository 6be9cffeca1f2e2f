/** Follow the theme that a page says by `data-theme` on its root, as Django's admin does. */
import type {ReactiveController, ReactiveControllerHost} from 'lit';

export class PageTheme implements ReactiveController {
  /** `light`, `dark` or `auto`; null where the page says nothing, and its `color-scheme` alone counts. */
  value: string | null = null;
  private observer: MutationObserver | null = null;

  constructor(private readonly host: ReactiveControllerHost) {
    host.addController(this);
  }

  hostConnected(): void {
    this.observer = new MutationObserver(this.read);
    this.observer.observe(document.documentElement, {attributes: true, attributeFilter: ['data-theme']});
    this.read();
  }

  hostDisconnected(): void {
    this.observer?.disconnect();
  }

  private readonly read = (): void => {
    this.value = document.documentElement.dataset.theme ?? null;
    this.host.requestUpdate();
  };
}

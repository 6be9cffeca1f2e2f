/** Follow the theme of the page: `data-theme` on its root, as Django's admin has it, and what the person's system prefers. */
import type {ReactiveController, ReactiveControllerHost} from 'lit';

export class PageTheme implements ReactiveController {
  /** `light`, `dark` or `auto`; null where the page says nothing, and its `color-scheme` alone counts. */
  value: string | null = null;
  private observer: MutationObserver | null = null;
  private readonly preferred = matchMedia('(prefers-color-scheme: dark)');

  /** `changed` is called once the colours are other ones. */
  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly changed: () => void,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    this.value = document.documentElement.dataset.theme ?? null;
    this.observer = new MutationObserver(this.read);
    this.observer.observe(document.documentElement, {attributes: true, attributeFilter: ['data-theme']});
    this.preferred.addEventListener('change', this.read);
  }

  hostDisconnected(): void {
    this.observer?.disconnect();
    this.preferred.removeEventListener('change', this.read);
  }

  private readonly read = (): void => {
    this.value = document.documentElement.dataset.theme ?? null;
    this.host.requestUpdate();
    void this.host.updateComplete.then(this.changed);
  };
}

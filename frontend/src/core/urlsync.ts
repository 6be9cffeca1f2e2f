/** Keep the state of an element and the hash of the page's address the same. */
import {readState, writeState, type Defaults, type ViewState} from './urlstate.ts';

/** Browsers refuse more than about six changes of the address a second over a longer time. */
const WAIT = 300;

export class UrlSync {
  private timer = 0;
  private written = '';

  /** `changed` is called when the person (or a link) changes the hash, with what it says now. */
  constructor(
    private readonly key: string,
    private readonly defaults: Defaults,
    private readonly changed: (state: ViewState) => void,
  ) {}

  start(): void {
    window.addEventListener('hashchange', this.onHash);
  }

  /** Return what the address says now. */
  read(): ViewState | null {
    return readState(location.hash, this.key, this.defaults);
  }

  /** Write the state that `current` returns a moment later, once for many changes. */
  write(current: () => ViewState | null): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      const state = current();
      if (!state) return;
      const hash = writeState(location.hash, this.key, state, this.defaults);
      this.written = hash;
      // An address without the query would load the page anew, and a new entry of the history a step would be a nuisance.
      if (hash !== location.hash) history.replaceState(history.state, '', `${location.pathname}${location.search}${hash}`);
    }, WAIT);
  }

  stop(): void {
    window.clearTimeout(this.timer);
    window.removeEventListener('hashchange', this.onHash);
  }

  private readonly onHash = (): void => {
    if (location.hash === this.written) return;
    const state = this.read();
    if (state) this.changed(state);
  };
}

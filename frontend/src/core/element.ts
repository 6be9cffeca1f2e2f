/** What the viewer and the globe share: attributes, loading, errors, events, and the state in the address. */
import {LitElement, html, nothing, type CSSResultGroup, type PropertyValues, type TemplateResult} from 'lit';
import {property, state as internal} from 'lit/decorators.js';
import {ImageApi, globalFunction, type Headers, type HeadersFrom} from './api.ts';
import {defined, layerList, wholeNumber} from './attributes.ts';
import type {BaseLayer} from './basemaps.ts';
import {errorCover, loadingCover} from './cover.ts';
import {deferred} from './deferred.ts';
import {explain} from './errors.ts';
import {framesOf, type Frames} from './frames.ts';
import {describe, type ImageMetadata, type Look, type Shown} from './image.ts';
import {Nearby} from './nearby.ts';
import {PageTheme} from './pagetheme.ts';
import {RequestQueue} from './queue.ts';
import {theme} from './theme.ts';
import {readState, type Defaults, type ViewState} from './urlstate.ts';
import {UrlSync} from './urlsync.ts';

export type View = Pick<ViewState, 'centre' | 'zoom' | 'rotation'>;
export type Phase = 'idle' | 'loading' | 'ready' | 'error';

/**
 * A custom element that shows one image of the API. It starts when it is near the visible part of the page and has a size: so
 * one in a closed tab or in the admin's empty row asks nothing. What it made is gone when it is removed, and it
 * shows the same view when it is added again.
 */
export abstract class LargeImageElement extends LitElement {
  static override styles: CSSResultGroup = [theme];

  /** The address of the object in the API. */
  @property({reflect: true}) src: string | null = null;
  @property({reflect: true}) projection: string | null = null;
  @property({reflect: true, useDefault: true, converter: wholeNumber}) frame = 0;
  @property() format: string | null = null;
  @property() resampling: string | null = null;
  @property({attribute: 'base-layer', reflect: true}) baseLayer: string | null = null;
  @property({attribute: 'base-layers', converter: layerList}) baseLayers: BaseLayer[] = [];
  /** The names of the controls, separated by spaces; `none` for no control, null for all. */
  @property() controls: string | null = null;
  @property({attribute: 'headers-from'}) headersFromName: string | null = null;
  /** Returns the headers of each request; it goes before the function that the attribute names. */
  @property({attribute: false}) headersFrom: HeadersFrom | null = null;
  @property({attribute: 'state-in-url'}) stateInUrl: string | null = null;

  @internal() protected phase: Phase = 'idle';
  @internal() protected problem: unknown = null;
  @internal() protected shown: Shown | null = null;
  /** The frames and their axes. */
  frames: Frames = {count: 1, axes: [], positions: [[]]};

  private styleText: string | null = null;
  private readiness = deferred();
  private loading: AbortController | null = null;
  private url: UrlSync | null = null;
  private defaults: (Defaults & {of: string}) | null = null;
  /** What to show once there is something to show it on. */
  private wanted: Partial<ViewState> | null = null;
  /** Where one looked before the element was removed or the image was asked for anew. */
  private kept: {of: string; view: View} | null = null;
  private loaded = '';
  private readonly nearby = new Nearby(this, () => {
    void this.load();
  });
  private readonly pageTheme = new PageTheme(this, () => {
    this.themeChanged();
  });

  /** The style as JSON; an object is taken as well. */
  @property({attribute: 'style-json', reflect: true})
  get styleJson(): string | null {
    return this.styleText;
  }

  set styleJson(value: string | object | null) {
    this.styleText = value !== null && typeof value === 'object' ? JSON.stringify(value) : value;
  }

  // ---- What a subclass does

  /** Make the map for an image. `state` is where to look; all of the image where it does not say. */
  protected abstract open(shown: Shown, state: Partial<ViewState>, signal: AbortSignal): Promise<void> | void;
  /** Throw away what `open` made; called too where there is nothing. */
  protected abstract close(): void;
  /** Return where one looks. */
  protected abstract view(): View | null;
  /** Look elsewhere, within `duration` milliseconds. */
  protected abstract move(view: Partial<View>, duration: number): Promise<void> | void;
  /** Ask for other pixels: frame, style, format or resampling changed. */
  protected abstract lookChanged(): void;
  protected abstract baseLayerChanged(): void;
  /** Return what lies inside the root. The element that the map is put into is to be there at any time. */
  protected abstract body(): TemplateResult;
  /** Show all of the image. */
  abstract fit(options?: {duration?: number}): void;
  /** Take up other colours of the page, where something is drawn by script: it does not follow by itself. */
  protected themeChanged(): void {
    // Nothing is drawn here.
  }
  /** What can be done about an error besides trying again. */
  protected help(): TemplateResult | typeof nothing {
    return nothing;
  }

  // ---- What a page uses

  /** Resolves when the image is shown, rejects when it cannot be; a new one for each load. */
  get ready(): Promise<void> {
    // Just after `src` was set, the load is still to begin.
    return this.isUpdatePending ? this.updateComplete.then(() => this.readiness.promise) : this.readiness.promise;
  }

  /** What the API says of the image; null before it is there. */
  get metadata(): ImageMetadata | null {
    return this.shown?.metadata ?? null;
  }

  /** What is seen; null before the image is there. */
  get state(): ViewState | null {
    const view = this.phase === 'ready' ? this.view() : null;
    return view && {...view, frame: this.frame, style: this.styleText ?? ''};
  }

  set state(value: Partial<ViewState> | null) {
    if (value) void this.setView(value);
  }

  /** Show another place, frame or style, all or some of them. Before the image is there it is what it starts with. */
  async setView(wanted: Partial<ViewState>, {duration = 0}: {duration?: number} = {}): Promise<void> {
    // A new `src` that is not taken up yet is the image that the view is meant for.
    if (this.isUpdatePending) await this.updateComplete;
    if (this.phase !== 'ready') {
      this.wanted = {...this.wanted, ...wanted};
      return;
    }
    if (wanted.frame !== undefined) this.frame = wanted.frame;
    if (wanted.style !== undefined) this.styleJson = wanted.style || null;
    const {centre, zoom, rotation} = wanted;
    const view = defined({centre, zoom, rotation});
    if (Object.keys(view).length) await this.move(view, duration);
  }

  /** Ask for the image anew, as after an error or when the token changed. */
  readonly reload = (): void => {
    void this.load();
  };

  // ---- Life

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.unload();
    this.phase = 'idle';
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    const renewed = ['src', 'projection', 'headersFromName', 'headersFrom', 'stateInUrl'].some((name) => changed.has(name));
    if (this.nearby.reached && renewed) {
      void this.load();
      return;
    }
    if (this.phase !== 'ready') return;
    if (['styleJson', 'frame', 'format', 'resampling'].some((name) => changed.has(name))) {
      this.frame = Math.min(this.frame, this.frames.count - 1);
      this.lookChanged();
      if (changed.has('frame')) {
        this.send('framechange', {frame: this.frame, position: this.frames.positions[this.frame] ?? []});
      }
      this.viewChanged();
    }
    if (changed.has('baseLayer') || changed.has('baseLayers')) this.baseLayerChanged();
  }

  private async load(): Promise<void> {
    this.unload();
    const controller = new AbortController();
    this.loading = controller;
    const {signal} = controller;
    this.problem = null;
    if (!this.src) {
      this.phase = 'idle';
      return;
    }
    this.phase = 'loading';
    // Where one looked says nothing on another image, or in other coordinates.
    this.loaded = `${this.projection ?? ''} ${this.src}`;
    try {
      const api = new ImageApi(this.src, new RequestQueue(), this.requestHeaders);
      signal.addEventListener('abort', () => {
        api.queue.clear();
      });
      const shown = await describe(api, this.projection, signal);
      await this.updateComplete;
      if (signal.aborted) return;
      this.shown = shown;
      this.frames = framesOf(shown.metadata);
      await this.open(shown, this.start(), signal);
      // `aborted` is asked again, because `open` waits.
      if (controller.signal.aborted) return;
      this.phase = 'ready';
      this.readiness.resolve();
      this.send('ready', {metadata: shown.metadata, projection: shown.projection});
      if (this.wanted) void this.setView(this.takeWanted());
    } catch (error) {
      if (!signal.aborted) this.fail(error);
    }
  }

  /** Return where to begin, and take frame and style from there. */
  private start(): Partial<ViewState> {
    if (this.stateInUrl !== null) {
      // A load anew begins where one looked, and is no other page.
      if (this.defaults?.of !== this.loaded) {
        this.defaults = {of: this.loaded, frame: this.frame, style: this.styleText ?? ''};
      }
      this.url = new UrlSync(this.stateInUrl || 'view', this.defaults, (state) => void this.setView(state));
      this.url.start();
    }
    const kept = this.kept?.of === this.loaded ? this.kept.view : null;
    const state = this.url?.read() ?? {...kept, ...this.takeWanted()};
    if (state.frame !== undefined) this.frame = state.frame;
    if (state.style !== undefined) this.styleJson = state.style || null;
    this.frame = Math.min(this.frame, this.frames.count - 1);
    return state;
  }

  private takeWanted(): Partial<ViewState> {
    const wanted = this.wanted ?? {};
    this.wanted = null;
    return wanted;
  }

  private unload(): void {
    const view = this.phase === 'ready' ? this.view() : null;
    if (view) this.kept = {of: this.loaded, view};
    this.loading?.abort();
    this.loading = null;
    this.url?.stop();
    this.url = null;
    this.close();
    this.shown = null;
    if (this.readiness.settled) this.readiness = deferred();
  }

  /** Show an error instead of the image. */
  protected fail(error: unknown): void {
    this.close();
    this.problem = error;
    this.phase = 'error';
    this.readiness.reject(error);
    this.send('error', {error, ...explain(error)});
  }

  // ---- What a subclass calls

  /** Say that another place, frame or style is seen. */
  protected viewChanged(): void {
    const state = this.state;
    if (!state) return;
    this.url?.write(() => this.state);
    this.send('viewchange', state);
  }

  /** Dispatch an event; it does not bubble, as those of media elements do not. */
  send(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, {detail}));
  }

  /** Tell whether a control is wanted; one that is not asks the server nothing. */
  readonly has = (control: string): boolean => this.controls === null || this.controls.split(/\s+/).includes(control);

  get look(): Look {
    return {frame: this.frame, style: this.styleText ?? '', resampling: this.resampling ?? ''};
  }

  /** The page may define its function after the element, so it is looked for at each request. */
  private readonly requestHeaders = (): Headers | Promise<Headers> => {
    if (this.headersFrom) return this.headersFrom();
    return this.headersFromName ? globalFunction(this.headersFromName)() : {};
  };

  /** What covers the picture while it is opened. */
  protected get waiting(): TemplateResult | typeof nothing {
    return loadingCover();
  }

  /** Whether the page's address says where to look. */
  protected get elsewhere(): boolean {
    return this.stateInUrl !== null && readState(location.hash, this.stateInUrl || 'view') !== null;
  }

  protected override render(): TemplateResult {
    let cover: TemplateResult | typeof nothing = nothing;
    if (this.phase === 'loading') cover = this.waiting;
    else if (this.phase === 'error') cover = errorCover(this.problem, this.reload, this.help());
    return html`<div class="root" part="root" data-theme=${this.pageTheme.value ?? nothing}>${this.body()} ${cover}</div>`;
  }
}

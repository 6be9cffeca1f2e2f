/** `<large-image-viewer>`: an image of the API on a map or in its pixels, with what one needs to look at it closely. */
import {html, nothing, unsafeCSS, type CSSResultGroup, type PropertyValues, type TemplateResult} from 'lit';
import {property, state as internal} from 'lit/decorators.js';
import olCss from 'ol/ol.css';
import {controlStyles} from '../core/controlstyles.ts';
import {LargeImageElement, type View} from '../core/element.ts';
import {framesStyles} from '../core/framesstyles.ts';
import type {Shown} from '../core/image.ts';
import type {ViewState} from '../core/urlstate.ts';
import {Downloads} from './download.ts';
import {framesBar} from '../core/framesbar.ts';
import type {Host, PanelName, Tool} from './host.ts';
import {inkOf, type Ink} from './ink.ts';
import {pressed, zoom} from './keyboard.ts';
import {Layers} from './layers.ts';
import {Legend} from './legendview.ts';
import {Measuring} from './measure.ts';
import {Overview} from './overview.ts';
import {displayPanel, metadataPanel, panel} from './panels.ts';
import {motion, Picture} from './picture.ts';
import {Player} from './player.ts';
import {Pointer} from './pointer.ts';
import {projectionOf} from './projection.ts';
import {failureNotice, statusLine} from './status.ts';
import {panelStyles} from './panelstyles.ts';
import {layout} from './styles.ts';
import {toolbar} from './toolbar.ts';

/** PNG keeps the pixels as they are, and is transparent where the image is not. */
const FORMAT = 'png';
const MOVE = 250;
/** How long what is round the picture waits for its first tile, in milliseconds. */
const PATIENCE = 300;

export class LargeImageViewer extends LargeImageElement implements Host {
  static override styles: CSSResultGroup = [
    unsafeCSS(olCss),
    LargeImageElement.styles,
    controlStyles,
    layout,
    panelStyles,
    framesStyles,
  ];

  /** The address below which the project serves pictures of palettes, for the legend. */
  @property() colormaps: string | null = null;

  /** From 0, which hides the image, to 1. */
  @property({type: Number, useDefault: true}) opacity = 1;

  /** Whether the picture itself has taken the place of the page's poster. */
  @internal() private posterSeen = false;
  @internal() private panel: PanelName | null = null;
  @internal() private failure: unknown = null;
  picture: Picture | null = null;
  private inks: Ink | null = null;
  private readonly layers = new Layers(this, () => ({list: this.baseLayers, chosen: this.baseLayer}));
  private readonly overview = new Overview(this);
  private readonly pointer = new Pointer(this);
  private readonly legend = new Legend(this, () => this.colormaps);
  private readonly measuring = new Measuring(this);
  private readonly downloads = new Downloads(this);
  private readonly player = new Player(this);
  private readonly tools: Tool[] = [
    this.layers,
    this.overview,
    this.pointer,
    this.legend,
    this.measuring,
    this.downloads,
    this.player,
  ];

  get ink(): Ink {
    this.inks ??= inkOf(this.renderRoot.querySelector('.root') ?? this);
    return this.inks;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('fullscreenchange', this.redraw);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('fullscreenchange', this.redraw);
    this.panel = null;
  }

  protected override async open(shown: Shown, state: Partial<ViewState>, signal: AbortSignal): Promise<void> {
    const projection = await projectionOf(shown);
    const target = this.renderRoot.querySelector<HTMLElement>('.map');
    if (signal.aborted || !target) return;
    this.inks = null;
    const picture = new Picture(target, shown, projection, this.look, this.format ?? FORMAT, {
      moved: () => {
        this.viewChanged();
        this.requestUpdate();
      },
      failed: (error) => (this.failure = error),
    });
    this.picture = picture;
    picture.opacity = this.opacity;
    picture.view.on('change', this.redraw);
    await picture.move({centre: state.centre, zoom: state.zoom, rotation: state.rotation}, 0);
    // Tiles are asked for after the first frame: at once, not with the next one of the browser.
    picture.map.renderSync();
    // What is round the picture would keep the browser from drawing it.
    const begun = picture.begun();
    void begun.then(() => {
      if (this.picture === picture) this.posterSeen = true;
    });
    await Promise.race([begun, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
    // It may have been closed meanwhile.
    if (this.picture !== picture) return;
    for (const tool of this.tools) tool.open(picture);
  }

  protected override close(): void {
    for (const tool of this.tools) tool.close();
    this.picture?.dispose();
    this.picture = null;
    this.failure = null;
  }

  protected override view(): View | null {
    return this.picture?.seen ?? null;
  }

  protected override async move(view: Partial<View>, duration: number): Promise<void> {
    await this.picture?.move(view, duration);
  }

  override fit(options: {duration?: number} = {}): void {
    this.picture?.fit(options);
  }

  /** Resolves when all that is in view is drawn, as for a picture of the page. */
  async drawn(): Promise<void> {
    await this.ready;
    await this.updateComplete;
    await this.picture?.drawn();
  }

  protected override lookChanged(): void {
    this.failure = null;
    this.picture?.tiles.show(this.look, this.format ?? FORMAT);
    this.overview.renew();
    this.pointer.renew();
    this.legend.renew();
  }

  protected override baseLayerChanged(): void {
    this.layers.showBase();
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    if (this.picture && changed.has('opacity')) this.picture.opacity = this.opacity;
    if (changed.has('colormaps')) this.legend.renew();
    this.overview.draw();
  }

  private readonly redraw = (): void => this.requestUpdate();

  protected override themeChanged(): void {
    this.inks = null;
    this.layers.dress();
    this.measuring.dress();
    this.overview.draw();
  }

  private toggle(name: PanelName): void {
    this.leavePanel();
    this.panel = this.panel === name ? null : name;
  }

  private leavePanel(): void {
    this.measuring.start(null);
    this.downloads.leave();
  }

  /** Close the panel; returns whether there was one. */
  private readonly closePanel = (): boolean => {
    if (!this.panel) return false;
    const button = this.renderRoot.querySelector<HTMLButtonElement>('.toolbar [aria-expanded=true]');
    this.leavePanel();
    this.panel = null;
    // The focus would be lost with what had it.
    button?.focus();
    return true;
  };

  private readonly fullscreen = (): void => {
    if (document.fullscreenElement === this) void document.exitFullscreen();
    else if (document.fullscreenEnabled) void this.requestFullscreen();
  };

  private rotate(rotation: number): void {
    this.picture?.view.animate({rotation, duration: motion(MOVE)});
  }

  private readonly key = (event: KeyboardEvent): void => {
    pressed(event, {
      picture: this.picture,
      fit: this.fit.bind(this),
      fullscreen: this.fullscreen,
      step: (by) => this.player.step(by),
      play: this.player.toggle,
      enter: () => this.measuring.finish(),
      escape: () => this.measuring.cancel() || this.downloads.cancel() || this.closePanel(),
    });
  };

  protected override body(): TemplateResult {
    if (this.controls === 'none') return html`<div class="middle">${this.stage()}</div>`;
    return html`
      ${this.bar()}
      <div class="middle" @keydown=${this.key}>${this.stage()} ${this.side()}</div>
      ${this.legend.render()} ${this.framesBar()}
      ${statusLine(this.has, this.picture, this.pointer.render())}
    `;
  }

  private stage(): TemplateResult {
    const mode = this.measuring.mode || this.downloads.busy ? 'map drawing' : 'map';
    return html`<div class="stage">
      <div class=${mode} part="map" tabindex="0" role="application" aria-label=${this.getAttribute('aria-label') ?? 'The image'}></div>
      ${this.poster ? html`<slot name="poster"></slot>` : nothing} ${this.overview.render()} ${this.notice()}
    </div>`;
  }

  /** Whether the page has a picture to be seen until the image's own: it shows all of the image, and no other view. */
  private get poster(): boolean {
    return !this.posterSeen && this.phase !== 'error' && this.querySelector('[slot=poster]') !== null && !this.elsewhere;
  }

  protected override get waiting(): TemplateResult | typeof nothing {
    return this.poster ? nothing : super.waiting;
  }

  private notice(): TemplateResult | typeof nothing {
    if (this.failure === null) return nothing;
    const dismiss = () => {
      this.failure = null;
    };
    const retry = () => {
      dismiss();
      this.picture?.retry();
    };
    return failureNotice(this.failure, retry, dismiss);
  }

  private bar(): TemplateResult | typeof nothing {
    return toolbar({
      has: this.has,
      enabled: this.picture !== null,
      rotation: this.picture?.view.getRotation() ?? 0,
      panel: this.panel,
      full: document.fullscreenElement === this,
      canBeFull: document.fullscreenEnabled,
      zoom: (levels) => zoom(this.picture, levels),
      fit: () => this.fit({duration: MOVE}),
      rotate: (by) => this.rotate((this.picture?.view.getRotation() ?? 0) + by),
      north: () => this.rotate(0),
      toggle: (name) => this.toggle(name),
      fullscreen: this.fullscreen,
    });
  }

  private side(): TemplateResult | typeof nothing {
    const {picture} = this;
    if (!picture || !this.panel) return nothing;
    switch (this.panel) {
      case 'display':
        return panel('Display', this.display(picture), this.closePanel);
      case 'measure':
        return panel('Measure', this.measuring.render(), this.closePanel);
      case 'download':
        return panel('Download', this.downloads.render(), this.closePanel);
      case 'metadata':
        return panel('About the image', metadataPanel(picture.shown), this.closePanel);
    }
  }

  private display(picture: Picture): TemplateResult {
    return displayPanel({
      has: this.has,
      opacity: this.opacity,
      setOpacity: (opacity) => (this.opacity = opacity),
      rotation: picture.view.getRotation(),
      setRotation: (rotation) => picture.view.setRotation(rotation),
      baseLayers: this.layers.names,
      baseLayer: this.layers.chosen,
      setBaseLayer: (name) => (this.baseLayer = name),
      isMap: !picture.grid.pixels,
      graticule: this.layers.graticuleShown,
      setGraticule: (shown) => this.layers.showGraticule(shown),
      overview: this.overview.shown,
      setOverview: (shown) => this.overview.show(shown),
    });
  }

  private framesBar(): TemplateResult | typeof nothing {
    const {player} = this;
    return framesBar({
      has: this.has,
      frames: this.frames,
      frame: this.frame,
      setFrame: (frame) => {
        player.pause();
        this.frame = frame;
      },
      playing: player.playing,
      toggle: player.toggle,
      step: (by) => player.step(by),
      speed: player.speed,
      setSpeed: (speed) => (player.speed = speed),
      axis: player.axis,
      setAxis: (axis) => (player.axis = axis),
    });
  }
}

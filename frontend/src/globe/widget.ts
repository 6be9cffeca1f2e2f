/** The globe itself: what is drawn besides the image, and the end of it. */
import {
  CesiumWidget,
  Color,
  Credit,
  EllipsoidTerrainProvider,
  ImageryLayer,
  Ion,
  TileMapServiceImageryProvider,
  UrlTemplateImageryProvider,
  buildModuleUrl,
} from '@cesium/engine';
import {safeCredit} from '../core/credits.ts';
import type {BaseLayer} from '../core/basemaps.ts';

/** The base layers that are always there; the one of Cesium ion needs a token. */
export const NATURAL_EARTH = 'natural-earth';
export const NONE = 'none';
export const ION = 'cesium-ion';

export const TITLES: Record<string, string> = {[NATURAL_EARTH]: 'Natural Earth', [NONE]: 'None', [ION]: 'Cesium ion'};

/** Return the names of the layers to choose from. */
export function namesOf(own: BaseLayer[], token: string | null): string[] {
  return [NATURAL_EARTH, ...own.map(({name}) => name), ...(token ? [ION] : []), NONE];
}

// Workers, decoders and pictures lie beside the bundle, wherever that is.
(buildModuleUrl as unknown as {setBaseUrl(url: string): void}).setBaseUrl(new URL('cesium/', import.meta.url).href);

/** Return the layer of a name: one of the built-in ones or of the project's; null for none. */
export async function baseLayer(name: string, own: BaseLayer[], token: string | null): Promise<ImageryLayer | null> {
  if (name === NONE) return null;
  const given = own.find((layer) => layer.name === name);
  if (given) {
    // `{-y}` counts rows from the bottom, which Cesium spells so.
    const url = new URL(given.url.replace('{-y}', '{reverseY}'), document.baseURI).href;
    const decoded = url.replace(/%7B/gi, '{').replace(/%7D/gi, '}');
    const credit = given.attribution ? new Credit(safeCredit(given.attribution), true) : undefined;
    return new ImageryLayer(new UrlTemplateImageryProvider({url: decoded, credit}));
  }
  if (name === ION && token) {
    Ion.defaultAccessToken = token;
    return ImageryLayer.fromWorldImagery({});
  }
  return new ImageryLayer(await TileMapServiceImageryProvider.fromUrl(buildModuleUrl('Assets/Textures/NaturalEarthII')));
}

/** Make the globe in an element; throws where the browser has no WebGL. */
export function makeWidget(container: HTMLElement): CesiumWidget {
  const widget = new CesiumWidget(container, {
    // Without one, Cesium would ask its own server for pictures of the world.
    baseLayer: false,
    terrainProvider: new EllipsoidTerrainProvider(),
    // A page in which nothing moves costs nothing.
    requestRenderMode: true,
    maximumRenderTimeChange: Infinity,
    showRenderLoopErrors: false,
    contextOptions: {webgl: {preserveDrawingBuffer: false, powerPreference: 'default'}},
  });
  const {scene} = widget;
  scene.globe.baseColor = Color.fromCssColorString('#3d4a5c');
  scene.globe.showGroundAtmosphere = false;
  sunlight(widget, false);
  if (scene.moon) scene.moon.show = false;
  return widget;
}

/** Let the sun shine, which makes half of the world dark. */
export function sunlight(widget: CesiumWidget, on: boolean): void {
  const {scene} = widget;
  scene.globe.enableLighting = on;
  if (scene.sun) scene.sun.show = on;
  scene.requestRender();
}

/** Throw the globe away, with its context: a browser has some sixteen, and would take one from somebody else. */
export function destroyWidget(widget: CesiumWidget): void {
  const canvas = widget.canvas;
  widget.destroy();
  const context = canvas.getContext('webgl2') ?? canvas.getContext('webgl');
  context?.getExtension('WEBGL_lose_context')?.loseContext();
}

/** Where one looks, in the words of the 2D viewer: a centre in degrees, a zoom level and a rotation. */
import {
  Cartesian2,
  Cartographic,
  Cartesian3,
  HeadingPitchRange,
  Math as CesiumMath,
  Matrix4,
  BoundingSphere,
  type PerspectiveFrustum,
  type Scene,
} from '@cesium/engine';
import type {View} from '../core/element.ts';

/** Metres of the equator a pixel at zoom level 0 of the web map: 2πa / 256, a of WGS 84. */
const METRES_AT_0 = 156543.03392804097;
/** The web map has no end of its scale at the poles; here it has. */
const SMALLEST_COSINE = 0.05;

/** Return the zoom level of the web map on which a pixel is as wide as one of the globe, `range` metres away. */
export function zoomOf(range: number, latitude: number, fieldOfView: number, height: number): number {
  const pixel = (2 * range * Math.tan(fieldOfView / 2)) / height;
  return Math.log2((METRES_AT_0 * Math.max(Math.cos(latitude), SMALLEST_COSINE)) / pixel);
}

/** Return the distance at which the globe has a zoom level; the inverse of `zoomOf`. */
export function rangeOf(zoom: number, latitude: number, fieldOfView: number, height: number): number {
  const pixel = (METRES_AT_0 * Math.max(Math.cos(latitude), SMALLEST_COSINE)) / 2 ** zoom;
  return (pixel * height) / (2 * Math.tan(fieldOfView / 2));
}

function optics(scene: Scene): {fieldOfView: number; height: number} {
  const frustum = scene.camera.frustum as PerspectiveFrustum;
  const height = Math.max(1, scene.canvas.clientHeight);
  return {fieldOfView: frustum.fovy ?? CesiumMath.PI_OVER_THREE, height};
}

/** Return the zoom level at which all of the globe is seen, with a tenth of the canvas round it. */
export function wholeGlobe(scene: Scene, latitude: number): number {
  const {fieldOfView, height} = optics(scene);
  const radius = scene.globe.ellipsoid.maximumRadius;
  const range = radius / Math.sin(0.45 * fieldOfView) - radius;
  return zoomOf(range, CesiumMath.toRadians(latitude), fieldOfView, height);
}

/** Return the place in the middle of the canvas; below the camera, if that is the sky. */
function target(scene: Scene): Cartographic {
  const middle = new Cartesian2(scene.canvas.clientWidth / 2, scene.canvas.clientHeight / 2);
  const point = scene.camera.pickEllipsoid(middle, scene.globe.ellipsoid);
  return point ? Cartographic.fromCartesian(point) : Cartographic.clone(scene.camera.positionCartographic);
}

/** Return where the camera looks. */
export function viewOf(scene: Scene): View {
  const place = target(scene);
  const {fieldOfView, height} = optics(scene);
  const ground = Cartesian3.fromRadians(place.longitude, place.latitude);
  const range = Cartesian3.distance(scene.camera.positionWC, ground);
  return {
    centre: [CesiumMath.toDegrees(place.longitude), CesiumMath.toDegrees(place.latitude)],
    zoom: zoomOf(range, place.latitude, fieldOfView, height),
    // The map turns against the camera; -0 is no angle.
    rotation: CesiumMath.negativePiToPi(-scene.camera.heading) || 0,
  };
}

/** Look elsewhere, within `duration` milliseconds; resolves when it is done or interrupted. */
export function look(scene: Scene, wanted: Partial<View>, duration: number): Promise<void> {
  const {camera} = scene;
  const now = viewOf(scene);
  const [longitude, latitude] = wanted.centre ?? now.centre;
  const {fieldOfView, height} = optics(scene);
  const radians = CesiumMath.toRadians(latitude);
  const offset = new HeadingPitchRange(
    -(wanted.rotation ?? now.rotation),
    // Straight down, unless the person tilted the camera.
    Math.min(camera.pitch, -CesiumMath.PI_OVER_SIX),
    rangeOf(wanted.zoom ?? now.zoom, radians, fieldOfView, height),
  );
  const place = Cartesian3.fromDegrees(longitude, latitude);
  if (duration <= 0) {
    camera.lookAt(place, offset);
    camera.lookAtTransform(Matrix4.IDENTITY);
    scene.requestRender();
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    camera.flyToBoundingSphere(new BoundingSphere(place, 0), {offset, duration: duration / 1000, complete: resolve, cancel: resolve});
  });
}

/** Return what a key changes of a view on a canvas of `height` pixels; undefined for a key that means nothing. */
export function stepOf(key: string, view: View, height: number): Partial<View> | undefined {
  // A tenth of what is seen; a world of 360 degrees is 256 pixels wide at zoom level 0.
  const step = (0.1 * 360 * height) / 256 / 2 ** view.zoom;
  const [x, y] = view.centre;
  const steps: Record<string, Partial<View>> = {
    ArrowLeft: {centre: [x - step, y]},
    ArrowRight: {centre: [x + step, y]},
    ArrowUp: {centre: [x, Math.min(89.9, y + step)]},
    ArrowDown: {centre: [x, Math.max(-89.9, y - step)]},
    '+': {zoom: view.zoom + 0.5},
    '=': {zoom: view.zoom + 0.5},
    '-': {zoom: view.zoom - 0.5},
  };
  return steps[key];
}

/** The coast lines of the world in any projection: a base layer that asks nobody but the page's own site. */
import Feature from 'ol/Feature.js';
import Polygon from 'ol/geom/Polygon.js';
import VectorLayer from 'ol/layer/Vector.js';
import VectorSource from 'ol/source/Vector.js';
import Fill from 'ol/style/Fill.js';
import Stroke from 'ol/style/Stroke.js';
import Style from 'ol/style/Style.js';
import {getTransform} from 'ol/proj.js';
import type Projection from 'ol/proj/Projection.js';
import {LAST_LATITUDE} from './grid.ts';
import type {Ink} from './ink.ts';
import {unwrapped, type Place} from './rings.ts';

interface Land {
  features: {geometry: {type: 'Polygon'; coordinates: Place[][]} | {type: 'MultiPolygon'; coordinates: Place[][][]}}[];
}

let land: Promise<Land> | null = null;

/** Fetch the coast lines, once a page. */
function fetchLand(): Promise<Land> {
  land ??= fetch(new URL('land.json', import.meta.url))
    .then(async (response) => {
      if (!response.ok) throw new Error(`land.json: ${response.status}`);
      return (await response.json()) as Land;
    })
    .catch((error: unknown) => {
      // The next map tries it again.
      land = null;
      throw error;
    });
  return land;
}

export function outlineLayer(projection: Projection, ink: Ink): VectorLayer {
  const source = new VectorSource({wrapX: true});
  const layer = new VectorLayer({source, zIndex: 0, updateWhileInteracting: true, updateWhileAnimating: true});
  dressOutline(layer, ink);
  fetchLand().then(
    (all) => {
      const polygons = all.features.flatMap(({geometry}) =>
        geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates,
      );
      source.addFeatures(polygons.flatMap((rings) => project(rings, projection)));
    },
    (error: unknown) => console.warn('The outline of the land could not be loaded.', error),
  );
  return layer;
}

/** Give the outline the theme's colours. */
export function dressOutline(layer: VectorLayer, ink: Ink): void {
  layer.setStyle(new Style({fill: new Fill({color: ink.land}), stroke: new Stroke({color: ink.coast, width: 1})}));
}

/** Return a polygon in the projection, without the places that it cannot show: those do not come back as they went. */
function project(rings: Place[][], projection: Projection): Feature[] {
  const forth = getTransform('EPSG:4326', projection);
  const back = getTransform(projection, 'EPSG:4326');
  // There is none between systems of which one is unknown.
  if (!forth || !back) return [];
  const last = projection.getCode() === 'EPSG:3857' ? LAST_LATITUDE : 90;
  const projected = rings.map((ring) =>
    unwrapped(ring).flatMap(([lon, lat]) => {
      const place = [lon, Math.max(-last, Math.min(last, lat))];
      const there = forth([...place], undefined, 2);
      if (!there.every(Number.isFinite)) return [];
      const again = back([...there], undefined, 2);
      const east = (((again[0] ?? 999) - lon + 540) % 360) - 180;
      const north = (again[1] ?? 999) - (place[1] ?? 0);
      // At a pole a place has every longitude.
      return Math.abs(north) < 0.1 && (Math.abs(east) < 0.1 || Math.abs(lat) > 89.9) ? [there] : [];
    }),
  );
  const whole = projected.filter((ring) => ring.length > 3);
  return whole.length ? [new Feature(new Polygon(whole))] : [];
}

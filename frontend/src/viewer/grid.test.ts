import assert from 'node:assert/strict';
import {test} from 'node:test';
import {filled, gridOf, nearest, resolutionOf, tileExtent, touches, zoomOf, type Extent} from './grid.ts';
import {mapImage, pixelImage} from './testing.ts';

const HALF = 20037508.342789244;
const same = (extent: Extent) => extent;
const pixels = gridOf(pixelImage(), same);

test('an image in its pixels has y upwards from its foot, and levels by halves', () => {
  assert.deepEqual(pixels.extent, [0, -600, 1000, 0]);
  assert.deepEqual(pixels.resolutions, [4, 2, 1]);
  assert.deepEqual(tileExtent(pixels, 2, 1, 0), [256, -256, 512, 0]);
  assert.ok(Math.abs(zoomOf(pixels, resolutionOf(pixels, 1.5)) - 1.5) < 1e-12);
});

test('of the last tiles the image fills a part, and only that is shown', () => {
  assert.deepEqual(filled(pixels, 2, 0, 0), [256, 256]);
  assert.deepEqual(filled(pixels, 2, 3, 2), [232, 88]);
  assert.deepEqual(filled(pixels, 0, 0, 0), [250, 150]);
  assert.deepEqual(filled(pixels, 2, 4, 0), [0, 256]);
  const map = gridOf(mapImage([0, 0, 1e6, 1e6]), same);
  assert.deepEqual(filled(map, 3, 0, 0), [256, 256]);
});

test('tiles beside the image are not asked for', () => {
  const map = gridOf(mapImage([1e6, 1e6, 2e6, 2e6]), same);
  assert.equal(touches(map, 0, 0, 0), true);
  assert.equal(touches(map, 1, 1, 0), true);
  assert.deepEqual([touches(map, 1, 0, 0), touches(map, 1, 1, 1), touches(map, 1, 0, 1)], [false, false, false]);
});

test('over the antimeridian the tiles of both sides are the image’s', () => {
  const east = gridOf(mapImage([HALF - 1e6, -1e6, HALF + 1e6, 1e6]), same);
  const west = gridOf(mapImage([-HALF - 1e6, -1e6, -HALF + 1e6, 1e6]), same);
  for (const map of [east, west]) {
    assert.deepEqual([0, 1, 2, 3].map((x) => touches(map, 2, x, 1)), [true, false, false, true]);
  }
  assert.equal(nearest(east, -HALF), HALF);
  assert.equal(nearest(west, HALF), -HALF);
  assert.equal(nearest(pixels, 5000), 5000);
});

test('bounds without an end are cut off at the tiles', () => {
  assert.deepEqual(gridOf(mapImage([-1e15, -HALF, 1e15, 1e6]), same).bounds, [-HALF, -HALF, HALF, 1e6]);
  assert.deepEqual(gridOf(mapImage([-Infinity, 0, Infinity, 1]), same).bounds, [-HALF, -HALF, HALF, HALF]);
});

test('an API that says no bounds in the projection says longitudes and latitudes', () => {
  const shown = mapImage([0, 0, 1, 1], {bounds: {xmin: -180, ymin: -90, xmax: 180, ymax: 45}});
  const asked: Extent[] = [];
  gridOf({...shown, tiles: {...shown.tiles, bounds: null}}, (lonLat) => {
    asked.push(lonLat);
    return [0, 0, 1, 1];
  });
  assert.deepEqual(asked, [[-180, -85.0511287798, 180, 45]]);
  assert.throws(() => gridOf({...shown, projection: 'EPSG:2056'}, same), /EPSG:2056/);
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {pixelAddress, regionAddress, tileAddress} from './address.ts';
import {gridOf, type Extent} from './grid.ts';
import {mapImage, pixelImage} from './testing.ts';

const HALF = 20037508.342789244;
const LOOK = {frame: 2, style: '{"band":1}', resampling: 'cubic'};
const PLAIN = {frame: 0, style: '', resampling: ''};
const same = (extent: Extent) => extent;
const given = (query: object) => Object.fromEntries(Object.entries(query).filter(([, value]) => value !== null && value !== undefined));

test('a tile is asked for in the projection with frame, style and resampling', () => {
  const {path, query} = tileAddress('EPSG:3857', LOOK, 'png', 3, 2, 1);
  assert.equal(path, 'tiles/3/2/1.png');
  assert.deepEqual(query, {projection: 'EPSG:3857', frame: 2, style: '{"band":1}', resampling: 'cubic'});
  assert.deepEqual(given(tileAddress('native', PLAIN, 'jpeg', 0, 0, 0).query), {});
});

test('a region of a map is in its units and clipped to the image', () => {
  const shown = mapImage([0, 0, 1e6, 1e6]);
  const grid = gridOf(shown, same);
  const asked = regionAddress(shown, grid, LOOK, [-5e5, 5e5, 5e5, 2e6], {format: 'png', size: [100, 50], styled: true});
  assert.equal(asked?.path, 'data/region.png');
  assert.deepEqual(asked.query, {
    left: 0,
    top: 1e6,
    right: 5e5,
    bottom: 5e5,
    units: 'EPSG:3857',
    projection: 'EPSG:3857',
    frame: 2,
    style: '{"band":1}',
    resampling: 'cubic',
    max_width: 100,
    max_height: 50,
  });
  assert.equal(regionAddress(shown, grid, LOOK, [2e6, 2e6, 3e6, 3e6], {format: 'png', size: null, styled: true}), null);
});

test('a region one turn round the world away is the same one', () => {
  const shown = mapImage([0, 0, 1e6, 1e6]);
  const turn = 2 * HALF;
  const asked = regionAddress(shown, gridOf(shown, same), PLAIN, [turn, 0, turn + 1e5, 1e5], {format: 'tif', size: null, styled: false});
  assert.ok(Math.abs(Number(asked?.query.left)) < 1e-6);
});

test('the file’s own values have neither style nor resampling; pixels are whole', () => {
  const shown = pixelImage();
  const asked = regionAddress(shown, gridOf(shown, same), LOOK, [10.4, -20.6, 30.2, -5.5], {format: 'tif', size: null, styled: false});
  assert.equal(asked?.path, 'data/region.tif');
  assert.deepEqual(given(asked.query), {left: 10, top: 5, right: 31, bottom: 21, units: 'pixels', frame: 2});
});

test('a pixel is asked for inside the image only, and the edge is its last one', () => {
  const shown = pixelImage();
  const grid = gridOf(shown, same);
  assert.deepEqual(given(pixelAddress(shown, grid, PLAIN, [1000, -600])?.query ?? {}), {left: 999, top: 599, units: 'pixels'});
  assert.equal(pixelAddress(shown, grid, PLAIN, [1001, -1]), null);
  assert.equal(pixelAddress(shown, grid, PLAIN, [5, 1]), null);
  const map = mapImage([HALF - 1e6, 0, HALF + 1e6, 1e6]);
  const over = pixelAddress(map, gridOf(map, same), PLAIN, [-HALF + 5e5, 5e5])?.query;
  assert.ok(Math.abs(Number(over?.left) - (HALF + 5e5)) < 1e-6);
  assert.equal(over?.units, 'EPSG:3857');
});

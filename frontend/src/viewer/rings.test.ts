import assert from 'node:assert/strict';
import {test} from 'node:test';
import {bandValues} from './pointer.ts';
import {unwrapped, type Place} from './rings.ts';
import {pixelImage} from './testing.ts';

test('a ring over the antimeridian goes on beyond 180 degrees', () => {
  const fiji: Place[] = [[178, -17], [-179, -16], [-179, -18], [178, -17]];
  assert.deepEqual(unwrapped(fiji), [[178, -17], [181, -16], [181, -18], [178, -17]]);
  const plain: Place[] = [[0, 0], [10, 0], [10, 10], [0, 0]];
  assert.deepEqual(unwrapped(plain), plain);
  assert.deepEqual(unwrapped([]), []);
});

test('a ring round the world is led over its pole', () => {
  const south: Place[] = [[-180, -80], [-60, -75], [60, -75], [180, -80], [-180, -80]];
  const ring = unwrapped(south);
  assert.deepEqual(ring.slice(-4), [[180, -80], [180, -90], [-180, -90], [-180, -80]]);
});

test('values have the names of their bands, or of the channel that the frame is', () => {
  const picture = {shown: pixelImage({bands: {1: {interpretation: 'red'}, 2: {}}, frames: [{Channel: 'DAPI'}, {Channel: 'GFP'}]})};
  assert.deepEqual(bandValues({bands: {1: 7, 2: null}}, picture, 0), [
    {band: '1', name: 'red', value: 7},
    {band: '2', name: 'Band 2', value: null},
  ]);
  assert.deepEqual(bandValues({bands: {1: 7}}, picture, 1), [{band: '1', name: 'GFP', value: 7}]);
  assert.deepEqual(bandValues({l: 101, value: [101]}, picture, 0), [{band: 'l', name: 'Lightness', value: 101}]);
});

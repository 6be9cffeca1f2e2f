import assert from 'node:assert/strict';
import {test} from 'node:test';
import {matrixOf, rectanglesOf} from './imagery.ts';
import {rangeOf, zoomOf} from './camera.ts';
import {around, degreesText} from './places.ts';

const bounds = (xmin: number, ymin: number, xmax: number, ymax: number) => ({xmin, ymin, xmax, ymax});

test('an image over the antimeridian has a rectangle on either side', () => {
  assert.deepEqual(rectanglesOf(bounds(170, -10, 190, 10)), [[170, -10, 180, 10], [-180, -10, -170, 10]]);
  // A whole turn further, or back, it is the same place.
  assert.deepEqual(rectanglesOf(bounds(530, -10, 550, 10)), rectanglesOf(bounds(170, -10, 190, 10)));
  assert.deepEqual(rectanglesOf(bounds(-190, -10, -170, 10)), rectanglesOf(bounds(170, -10, 190, 10)));
  assert.deepEqual(rectanglesOf(bounds(-180, -90, 180, 90)), [[-180, -90, 180, 90]]);
  assert.deepEqual(rectanglesOf(bounds(5, 5, 6, 6)), [[5, 5, 6, 6]]);
});

test('what reaches beyond the web map is asked for in degrees', () => {
  assert.equal(matrixOf(bounds(-10, -85, 10, 85)).projection, 'EPSG:3857');
  const polar = matrixOf(bounds(-180, -90, 180, -60));
  assert.equal(polar.projection, 'EPSG:4087');
  // Four columns and two rows of the earth are the middle of a world of four rows.
  assert.deepEqual(polar.address(0, 0), {z: 2, y: 1});
  assert.deepEqual(polar.address(3, 15), {z: 5, y: 23});
});

test('zoom level and distance are each other’s inverse', () => {
  for (const latitude of [0, 1, -1.5]) {
    assert.ok(Math.abs(zoomOf(rangeOf(7.25, latitude, 1, 600), latitude, 1, 600) - 7.25) < 1e-9);
  }
  // A pixel at zoom level 0 is 156543 m of the equator.
  assert.ok(Math.abs(zoomOf(156543.03392804097 * 300, 0, Math.PI / 2, 600)) < 1e-9);
});

test('places are written for people', () => {
  assert.equal(around(190), -170);
  assert.equal(around(-540), -180);
  assert.equal(degreesText(-12.5, 47.25), '47.25000° N  12.50000° W');
});

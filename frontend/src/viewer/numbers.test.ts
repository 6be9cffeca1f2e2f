import assert from 'node:assert/strict';
import {test} from 'node:test';
import {areaText, bytesText, lengthText, lonLatText, numberText, wrapLongitude} from './format.ts';
import {pixelSize} from './metadata.ts';
import {roundLength, scaleBar} from './scalebar.ts';

test('a scale bar is 1, 2 or 5 times a power of ten, and not longer than there is room for', () => {
  assert.deepEqual([0.5, 0.99, 1, 3, 7, 49.9, 1234].map(roundLength), [0.5, 0.5, 1, 2, 5, 20, 1000]);
  assert.deepEqual(scaleBar(10, 'm', 110), {width: 100, label: '1 km'});
  assert.deepEqual(scaleBar(0.0005, 'mm', 110), {width: 100, label: '50 µm'});
  assert.deepEqual(scaleBar(0.5, 'px', 110), {width: 100, label: '50 px'});
  assert.equal(scaleBar(0.005, 'm', 110)?.label, '50 cm');
  assert.equal(scaleBar(0, 'm'), null);
  assert.equal(scaleBar(Infinity, 'm'), null);
});

test('lengths and areas have the unit that fits them', () => {
  assert.deepEqual([0.00002, 0.002, 0.5, 2, 4000].map((mm) => lengthText(mm, 'mm')), ['20 nm', '2 µm', '500 µm', '2 mm', '4 m']);
  assert.deepEqual([0.2, 12.345678, 12345.678].map((m) => lengthText(m, 'm')), ['20 cm', '12.35 m', '12.35 km']);
  assert.deepEqual([areaText(2.5e6, 'm'), areaText(250, 'm'), areaText(0.25, 'mm'), areaText(12, 'px')], [
    '2.5 km²',
    '250 m²',
    '250,000 µm²',
    '12 px²',
  ]);
});

test('numbers are read without exponents where that can be', () => {
  assert.deepEqual([0, 255, 0.1 + 0.2, 569.123456789, 123456, -9999].map((value) => numberText(value)), [
    '0',
    '255',
    '0.3',
    '569.123',
    '123,456',
    '-9999',
  ]);
  assert.equal(numberText(1.5e-9), '1.500e-9');
  assert.equal(numberText(Number.NaN), 'NaN');
  assert.equal(bytesText(274_321), '274 kB');
});

test('places are said by their hemispheres, as exactly as one sees them', () => {
  assert.equal(lonLatText([8.5, -47.25], 0.01), '47.25° S, 8.50° E');
  assert.equal(lonLatText([190, 0], 1), '0.0° N, 170.0° W');
  assert.deepEqual([180, -180, 181, 541, -541].map(wrapLongitude), [180, -180, -179, -179, 179]);
});

test('a pixel whose sides cannot be has no size', () => {
  assert.deepEqual(pixelSize({mm_x: 0.0005, mm_y: null}), [0.0005, 0.0005]);
  assert.equal(pixelSize({mm_x: 1.7e-26, mm_y: 7e6}), null);
  assert.equal(pixelSize({mm_x: null, mm_y: null}), null);
});

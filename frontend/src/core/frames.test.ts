import assert from 'node:assert/strict';
import {test} from 'node:test';
import {frameAt, framesOf, nextFrame} from './frames.ts';

const FOUR = {
  IndexRange: {IndexC: 2, IndexZ: 2},
  IndexStride: {IndexC: 1, IndexZ: 2},
  channels: ['DAPI', 'GFP'],
  frames: [
    {Frame: 0, IndexC: 0, IndexZ: 0, ValueZ: 0.5},
    {Frame: 1, IndexC: 1, IndexZ: 0, ValueZ: 0.5},
    {Frame: 2, IndexC: 0, IndexZ: 1, ValueZ: 1.5},
    {Frame: 3, IndexC: 1, IndexZ: 1, ValueZ: 1.5},
  ],
};

test('axes come slowest first, with the names of channels and the values of the others', () => {
  const {axes, count, positions} = framesOf(FOUR);
  assert.equal(count, 4);
  assert.deepEqual(axes.map(({name, size}) => [name, size]), [['z', 2], ['c', 2]]);
  assert.deepEqual(axes[0]?.labels, ['0.5', '1.5']);
  assert.deepEqual(axes[1]?.labels, ['DAPI', 'GFP']);
  assert.deepEqual(positions, [[0, 0], [0, 1], [1, 0], [1, 1]]);
});

test('an image without frames has one frame and no axis', () => {
  for (const frames of [false, null, undefined] as const) {
    assert.deepEqual(framesOf({frames}), {count: 1, axes: [], positions: [[]]});
  }
});

test('frames without axes, or with several at one place, are on one axis', () => {
  const plain = framesOf({frames: [{Frame: 0}, {Frame: 1, Channel: 'red'}, {Frame: 2}]});
  assert.deepEqual(plain.axes, [{name: 'frame', label: 'Frame', size: 3, labels: ['1', 'red', '3']}]);
  assert.deepEqual(framesOf({frames: 3}).positions, [[0], [1], [2]]);
  const same = framesOf({IndexRange: {IndexC: 2}, frames: [{IndexC: 0}, {IndexC: 0}, {IndexC: 1}]});
  assert.equal(same.axes[0]?.name, 'frame');
});

test('axes of any other name are axes too', () => {
  const {axes} = framesOf({IndexRange: {IndexXY: 2, IndexQ: 2}, IndexStride: {IndexXY: 2, IndexQ: 1}, frames: 4});
  assert.deepEqual(axes.map(({label}) => label), ['Position', 'Q']);
});

test('where an axis has gaps the nearest frame is taken, and steps go round', () => {
  const gaps = framesOf({
    IndexRange: {IndexT: 3, IndexC: 2},
    IndexStride: {IndexC: 1, IndexT: 2},
    frames: [
      {IndexT: 0, IndexC: 0},
      {IndexT: 0, IndexC: 1},
      {IndexT: 2, IndexC: 0},
    ],
  });
  assert.equal(gaps.count, 3);
  assert.equal(frameAt(gaps, [2, 1]), 2);
  assert.equal(frameAt(gaps, [0, 1]), 1);
  const whole = framesOf(FOUR);
  assert.equal(nextFrame(whole, 1, 0), 3);
  assert.equal(nextFrame(whole, 3, 0), 1);
  assert.equal(nextFrame(whole, 0, 1, -1), 1);
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {lineLength} from './length.ts';
import {fileName} from './filename.ts';
import {bandName, rowsOf} from './metadata.ts';
import {Shared} from './shared.ts';
import {Store} from './store.ts';
import {pixelImage} from './testing.ts';

test('a store forgets what was not used for the longest time', () => {
  const store = new Store<number>(2);
  store.set('a', 1);
  store.set('b', 2);
  assert.equal(store.get('a'), 1);
  store.set('c', 3);
  assert.deepEqual(['a', 'b', 'c'].map((key) => store.get(key)), [1, undefined, 3]);
});

test('what several wait for is done once, and given up when nobody waits', async () => {
  const shared = new Shared<number>();
  let begun = 0;
  let gone = false;
  const begin = (signal: AbortSignal) => {
    begun += 1;
    return new Promise<number>((resolve, reject) => {
      signal.addEventListener('abort', () => {
        gone = true;
        reject(signal.reason as Error);
      });
      setTimeout(resolve, 5, 7);
    });
  };
  const [one, two] = [new AbortController(), new AbortController()];
  const first = shared.get('a', one.signal, begin);
  const second = shared.get('a', two.signal, begin);
  one.abort(new Error('left'));
  await assert.rejects(first, /left/);
  assert.equal(await second, 7);
  assert.deepEqual([begun, gone], [1, false]);
  await assert.rejects(shared.get('a', AbortSignal.abort(new Error('before')), begin), /before/);
  const alone = new AbortController();
  const third = shared.get('b', alone.signal, begin);
  alone.abort(new Error('left'));
  await assert.rejects(third, /left/);
  assert.equal(gone, true);
});

test('a line is measured in units that differ across and down', () => {
  assert.equal(lineLength([[0, 0], [3, 4], [3, 14]], 1, 1), 15);
  assert.equal(lineLength([[0, 0], [3, 4]], 2, 0.5), Math.hypot(6, 2));
  assert.equal(lineLength([], 1, 1), 0);
});

test('a file is named by the image', () => {
  assert.equal(fileName('https://a.example/api/images/7/?token=x', 'png'), 'image-7.png');
  assert.equal(fileName('/a b', 'styled-tif'), 'image-a-b.tif');
  assert.equal(fileName('/', 'tif'), 'image.tif');
});

test('the table of an image has what is known of it', () => {
  const rows = rowsOf(pixelImage({mm_x: 0.00025, mm_y: 0.00025, magnification: 40, channels: ['DAPI', 'GFP'], frames: [{}, {}]}));
  assert.deepEqual(Object.fromEntries(rows), {
    Size: '1000 × 600 pixels',
    'Size of a pixel': '250 nm × 250 nm',
    Magnification: '40×',
    'Type of values': 'uint8',
    Bands: '3',
    Frames: '2',
    Channels: 'DAPI, GFP',
    Levels: '3',
    Tiles: '256 × 256 pixels',
  });
  assert.deepEqual([bandName('2', {interpretation: 'nir'}), bandName('2', {interpretation: 'undefined'}), bandName('2', undefined)], [
    'nir',
    'Band 2',
    'Band 2',
  ]);
});

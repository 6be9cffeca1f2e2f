import assert from 'node:assert/strict';
import {test} from 'node:test';
import {gradient, legendOf} from './legend.ts';
import {pixelImage} from './testing.ts';

const {metadata} = pixelImage({
  dtype: 'float32',
  bands: {1: {interpretation: 'gray', min: 236, max: 1076}, 2: {min: 0, max: 1}},
  channels: ['DAPI', 'GFP'],
  frames: [{Channel: 'DAPI'}, {Channel: 'GFP'}],
});
const isColour = (text: string) => ['orange', 'gray', '#f80'].includes(text);
const legend = (style: unknown, of = metadata) => legendOf(JSON.stringify(style), of, isColour);

test('the colours of a list are those of the ramp, with the numbers of its ends', () => {
  const [entry] = legend({band: 1, palette: ['#003', 'R', [1, 0.5, 0]], min: 200, max: 'max', scheme: 'discrete'});
  assert.deepEqual(entry, {
    label: 'gray',
    colours: ['#003', '#f00', 'rgb(255 128 0 / 1)'],
    palette: '',
    discrete: true,
    min: '200',
    max: '1076',
  });
});

test('one colour begins at black; a name that is a colour map too is the map', () => {
  assert.deepEqual(legend({palette: 'orange'})[0]?.colours, ['#000', 'orange']);
  assert.equal(legend({palette: 'gray'})[0]?.colours, null);
  assert.equal(legend({palette: 'viridis'})[0]?.palette, 'viridis');
});

test('each band with a palette has an entry, by the name of its channel', () => {
  const entries = legend({bands: [{frame: 0, palette: ['#000', '#36f']}, {frame: 1, palette: ['#000', '#f80']}, {band: 2}]});
  assert.deepEqual(entries.map(({label}) => label), ['DAPI', 'GFP']);
});

test('words for the ends are numbers where those are known', () => {
  const ends = (min: unknown, max: unknown, of = metadata) => {
    const [entry] = legend({band: 1, palette: ['#000', '#fff'], min, max}, of);
    return [entry?.min, entry?.max];
  };
  assert.deepEqual(ends(undefined, 'auto'), ['236', '1076']);
  assert.deepEqual(ends('max', 'min'), ['1076', '236']);
  assert.deepEqual(ends('full', 'full'), ['0', '1']);
  assert.deepEqual(ends('min:0.02', 'max:0.02'), ['2 %', '2 %']);
  assert.deepEqual(ends('auto', 'auto', {...metadata, dtype: 'uint8'}), ['0', '255']);
  assert.deepEqual(ends('min', 'max', {...metadata, bands: {}}), ['min', 'max']);
});

test('what is no style has no legend', () => {
  for (const style of ['', 'null', '{', '[]', '{"bands": [null]}', '{"palette": "colortable"}']) {
    assert.deepEqual(legendOf(style, metadata, isColour), [], style);
  }
});

test('a gradient has steps where the palette is discrete', () => {
  assert.equal(gradient(['red', 'blue'], false), 'linear-gradient(to right, red, blue)');
  assert.equal(gradient(['red', 'blue'], true), 'linear-gradient(to right, red 0% 50%, blue 50% 100%)');
  assert.equal(gradient(['red'], false), 'linear-gradient(red, red)');
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {addressOf} from './api.ts';
import {parseBaseLayers} from './basemaps.ts';

const PAGE = 'https://site.example/app/page?x=1';

test('addresses below src end with a slash where src does, and keep its query', () => {
  assert.equal(addressOf('/api/images/7', 'tiles/metadata', {}, PAGE), 'https://site.example/api/images/7/tiles/metadata');
  assert.equal(addressOf('/api/images/7/', 'tiles/metadata', {}, PAGE), 'https://site.example/api/images/7/tiles/metadata/');
  assert.equal(
    addressOf('https://other.example/i/7/?key=a%20b#top', 'data/pixel', {left: 0, top: 5, style: '', frame: null}, PAGE),
    'https://other.example/i/7/data/pixel/?key=a+b&left=0&top=5',
  );
  assert.equal(addressOf('images/7', 'x', {on: true}, PAGE), 'https://site.example/app/images/7/x?on=true');
});

test('what is no base layer is left out', () => {
  const warn = console.warn;
  console.warn = () => undefined;
  try {
    assert.deepEqual(parseBaseLayers('[{"name": "A", "url": "/{z}"}, {"name": "B"}, null, 3]'), [{name: 'A', url: '/{z}'}]);
    assert.deepEqual(parseBaseLayers('{"name": "A"}'), []);
    assert.deepEqual(parseBaseLayers('[{'), []);
    assert.deepEqual(parseBaseLayers(null), []);
  } finally {
    console.warn = warn;
  }
});

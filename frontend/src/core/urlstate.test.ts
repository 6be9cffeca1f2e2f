import assert from 'node:assert/strict';
import {test} from 'node:test';
import {readState, writeState, type ViewState} from './urlstate.ts';

const STATE: ViewState = {centre: [8.123456789, -47.5], zoom: 3.25, rotation: -0.5, frame: 2, style: '{"band":1}'};

test('what is written is read again', () => {
  const hash = writeState('', 'a', STATE);
  assert.deepEqual(readState(hash, 'a'), {...STATE, centre: [8.1234568, -47.5]});
  assert.equal(readState(hash, 'b'), null);
});

test('two keys and what others keep in the hash stand beside each other', () => {
  const hash = writeState(writeState('#tab=2', 'a', STATE), 'b', {...STATE, frame: 0, style: ''});
  assert.equal(new URLSearchParams(hash.slice(1)).get('tab'), '2');
  assert.equal(readState(hash, 'a')?.frame, 2);
  assert.deepEqual(readState(hash, 'b'), {...STATE, centre: [8.1234568, -47.5], frame: 0, style: ''});
  assert.ok(!writeState(hash, 'a', {...STATE, frame: 0, style: ''}).includes('a.frame'));
});

test('what is no view is none', () => {
  for (const hash of ['', '#a=', '#a=1,2', '#a=1,2,x,0', '#a=1,2,3,Infinity', '#a=1,2,3,4,5']) {
    assert.equal(readState(hash, 'a'), null, hash);
  }
  assert.equal(readState('#a=1,2,3,0&a.frame=-4', 'a')?.frame, 0);
});

test('what the page itself shows holds where the hash says nothing', () => {
  const page = {frame: 3, style: '{"band":2}'};
  assert.equal(readState('#a=1,2,3,0', 'a', page)?.style, '{"band":2}');
  assert.equal(readState('#a=1,2,3,0', 'a', page)?.frame, 3);
  // What differs from it is said, also that it is nothing.
  const hash = writeState('', 'a', {...STATE, frame: 0, style: ''}, page);
  assert.deepEqual(readState(hash, 'a', page), {...STATE, centre: [8.1234568, -47.5], frame: 0, style: ''});
  assert.ok(!writeState('', 'a', {...STATE, ...page}, page).includes('a.'));
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {MOST_PENDING, RequestQueue} from './queue.ts';

/** A request that ends when it is told to, or aborted. */
function request() {
  const made = {
    started: 0,
    signal: null as AbortSignal | null,
    end: (): void => undefined,
    run: (signal: AbortSignal) => {
      made.started += 1;
      made.signal = signal;
      return new Promise<string>((resolve, reject) => {
        made.end = () => {
          resolve('done');
        };
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
    },
  };
  return made;
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

test('at most so many requests are pending, and the nearest go first', async () => {
  const queue = new RequestQueue();
  const made = Array.from({length: 12}, () => request());
  const results = made.map((one, index) => queue.add(one.run, {distance: () => 12 - index}));
  await turn();
  assert.equal(queue.pending, MOST_PENDING);
  assert.deepEqual(made.map(({started}) => started), [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
  made[4]?.end();
  assert.equal(await results[4], 'done');
  await turn();
  assert.equal(made[3]?.started, 1);
  assert.equal(queue.pending, MOST_PENDING);
});

test('a request that leaves the view is aborted, waits, and is made again when it is back', async () => {
  const queue = new RequestQueue(1);
  let distance = 1;
  const tile = request();
  const result = queue.add(tile.run, {distance: () => distance});
  await turn();
  distance = Infinity;
  queue.review();
  assert.equal(tile.signal?.aborted, true);
  await turn();
  assert.deepEqual([queue.pending, queue.queued, tile.started], [0, 1, 1]);
  distance = 0;
  queue.review();
  await turn();
  assert.equal(tile.started, 2);
  tile.end();
  assert.equal(await result, 'done');
});

test('an aborted request counts until it is over', async () => {
  const queue = new RequestQueue(1);
  let end = (): void => undefined;
  // One that takes its time to stop.
  const slow = () =>
    new Promise<void>((resolve) => {
      end = () => {
        resolve();
      };
    });
  let wanted = true;
  void queue.add(slow, {distance: () => (wanted ? 0 : Infinity)});
  await turn();
  wanted = false;
  const next = request();
  void queue.add(next.run);
  queue.review();
  await turn();
  assert.deepEqual([queue.pending, next.started], [1, 0]);
  end();
  await turn();
  assert.equal(next.started, 1);
});

test('a signal gives a request up, waiting or running', async () => {
  const queue = new RequestQueue(1);
  const first = request();
  const second = request();
  const [one, two] = [new AbortController(), new AbortController()];
  const results = [queue.add(first.run, undefined, one.signal), queue.add(second.run, undefined, two.signal)];
  await turn();
  two.abort(new Error('not any more'));
  one.abort(new Error('nor this'));
  await assert.rejects(results[0] ?? Promise.resolve(), /nor this/);
  await assert.rejects(results[1] ?? Promise.resolve(), /not any more/);
  await turn();
  assert.deepEqual([queue.pending, queue.queued, second.started], [0, 0, 0]);
});

test('clear rejects everything', async () => {
  const queue = new RequestQueue(1);
  const made = [request(), request()];
  const results = made.map((one) => queue.add(one.run));
  await turn();
  queue.clear();
  for (const result of results) await assert.rejects(result, {name: 'AbortError'});
  assert.equal(made[0]?.signal?.aborted, true);
  await turn();
  assert.deepEqual([queue.pending, queue.queued], [0, 0]);
});

test('an error of a request is that of its promise, and the next one has its turn', async () => {
  const queue = new RequestQueue(1);
  await assert.rejects(
    queue.add(() => Promise.reject(new Error('no answer'))),
    /no answer/,
  );
  assert.equal(await queue.add(() => Promise.resolve(7)), 7);
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {ApiError, explain} from './errors.ts';

async function answer(status: number, body: unknown, headers: Record<string, string> = {}): Promise<ApiError> {
  return ApiError.of(new Response(typeof body === 'string' ? body : JSON.stringify(body), {status, headers}));
}

test('the words of the API are shown, with what can be done', async () => {
  const converted = explain(await answer(409, {detail: 'It has no tiles.', code: 'needs_conversion'}));
  assert.deepEqual(converted, {title: 'The image must be converted first', text: 'It has no tiles.', retry: false});
  const storage = explain(await answer(503, {detail: 'No answer.', code: 'storage_unavailable'}));
  assert.deepEqual(storage, {title: 'The storage does not answer', text: 'No answer.', retry: true});
  assert.equal(explain(await answer(403, {detail: 'No.'})).title, 'Not allowed');
  assert.equal(explain(await answer(401, {})).text, 'Sign in to see this image.');
});

test('a page of a proxy is no text for a person', async () => {
  const error = await answer(502, '<html>Bad gateway</html>');
  assert.equal(error.message, '');
  assert.deepEqual(explain(error), {title: 'The server has a fault', text: 'Try again later.', retry: true});
});

test('no answer at all, a time to wait, and errors of the page itself', async () => {
  assert.equal(explain(ApiError.unreachable(new TypeError('Failed to fetch'))).title, 'The server does not answer');
  assert.equal((await answer(503, {code: 'busy'}, {'Retry-After': '5'})).retryAfter, 5);
  assert.equal((await answer(503, {code: 'busy'}, {'Retry-After': 'tomorrow'})).retryAfter, null);
  assert.equal(explain(new Error('headers-from: there is no global function x')).text, 'headers-from: there is no global function x');
});

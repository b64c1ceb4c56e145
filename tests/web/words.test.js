// Small pure functions: codes, paths, texts, numbers, waiting times.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { meetingOf } from '../../web/app/router.js';
import { clock, duration } from '../../web/kit/format.js';
import { fillIn, translator } from '../../web/kit/i18n.js';
import { FIRST_WAIT_MS, MAX_WAIT_MS, waitMs } from '../../web/link/connection.js';
import { meetingCode } from '../../web/screens/door/meeting-code.js';
import { headcount } from '../../web/state/people.js';

test('a meeting code is taken from what people paste', () => {
  assert.equal(meetingCode(' giao ban '), 'giaoban');
  assert.equal(meetingCode('https://192.0.2.7:8443/m/giao-ban?x=1'), 'giao-ban');
  for (const bad of ['', 'a/b', 'x'.repeat(65), '<b>']) assert.equal(meetingCode(bad), '');
});

test('only a link leads to its meeting', () => {
  assert.equal(meetingOf('/m/giao-ban'), 'giao-ban');
  for (const path of ['/', '/m/', '/m/a/b', '/x/m/a']) assert.equal(meetingOf(path), null);
});

test('times are written as on a wall clock', () => {
  assert.deepEqual([0, 61_000, 3_661_000, -5].map(duration), ['00:00', '01:01', '1:01:01', '00:00']);
  assert.match(clock(0, 'vi'), /^\d\d:\d\d$/);
});

test('values are filled into their places, and a missing text shows its key', () => {
  assert.equal(fillIn('{a} và {b}', { a: 1, b: 'hai' }), '1 và hai');
  assert.equal(translator({ 'x.y': 'Chào {name}' })('x.y', { name: 'Lan' }), 'Chào Lan');
  assert.equal(translator({})('x.z'), 'x.z');
});

test('a headcount shows what was reported', () => {
  assert.deepEqual(
    [{ present: null, total: 8 }, { present: 6, total: null }, { present: 6, total: 8 }].map(headcount),
    ['', '6', '6/8'],
  );
});

test('waits for the server grow, are spread out, and have a maximum', () => {
  assert.ok(waitMs(0, 0) >= FIRST_WAIT_MS / 2 && waitMs(0, 1) <= FIRST_WAIT_MS);
  assert.ok(waitMs(3, 0.5) > waitMs(2, 0.5));
  assert.ok(waitMs(500, 1) <= MAX_WAIT_MS);
  assert.notEqual(waitMs(4, 0.1), waitMs(4, 0.9));
});

import assert from 'node:assert/strict';
import test from 'node:test';
import { readRecordings } from '../../web/link/recordings.js';
import { NOT_RECORDED, announcement, isLow, keyNames, needsTwo, objection } from '../../web/state/recording.js';
import { START, reduce } from '../../web/state/store.js';

const BOARD = { name: 'Ban Giám đốc' };

/** @param {Partial<import('../../web/protocol/server.js').Recording>} recording */
const told = (recording) => reduce(START, { ...NOT_RECORDED, ...recording });

test('the chair is told why the meeting cannot be recorded', () => {
  assert.equal(objection(told({ allowed: false, keys: [BOARD] })), 'recording-forbidden');
  assert.equal(objection(told({ allowed: true })), 'no-recipient');
  assert.equal(objection(told({ allowed: true, keys: [{ name: 'Văn phòng', second: true }] })), 'no-recipient');
  assert.equal(objection(told({ allowed: true, keys: [BOARD] })), '');
});

test('whose keys, and whether two people are needed', () => {
  const state = told({ keys: [BOARD, { name: 'Văn phòng', second: true }] });
  assert.equal(keyNames(state), 'Ban Giám đốc, Văn phòng');
  assert.equal(needsTwo(state), true);
  assert.equal(needsTwo(told({ keys: [BOARD] })), false);
});

test("signing out puts out the meeting's light", () => {
  assert.equal(reduce(told({ state: 'on', since_ms: 5 }), { type: 'local/signed-out' }).recording.state, 'off');
});

test('recordings are listed newest first, and anything else is left out', () => {
  const one = { id: 'a', meeting: 'm', title: 'Giao ban', begun_ms: 1, ended_ms: 9, octets: 7, segments: 1, keys: ['Ban'], on: false, delete_ms: 0 };
  const answer = readRecordings({ recordings: [one, { ...one, id: 'b', begun_ms: 2, on: true }, { id: 3 }, null], may_download: true });
  assert.deepEqual(answer?.recordings.map(({ id, on }) => [id, on]), [['b', true], ['a', false]]);
  assert.equal(answer?.mayDownload, true);
  assert.equal(readRecordings({ recordings: 'none' }), null);
  assert.equal(readRecordings(null), null);
});

/** @param {Partial<import('../../web/protocol/server.js').Recording>} recording */
const inside = (recording) => ({ ...told(recording), welcome: /** @type {import('../../web/protocol/server.js').Welcome} */ ({}) });

test('everybody is told once that the recording begins, is interrupted, goes on and ends', () => {
  const off = inside({});
  const starting = inside({ state: 'starting' });
  const on = inside({ state: 'on' });
  const paused = inside({ state: 'paused' });
  const lost = inside({ state: 'failed', trouble: 'recorder-unavailable' });
  assert.equal(announcement(starting, off), '');
  assert.equal(announcement(on, starting), 'begun');
  assert.equal(announcement(paused, on), '');
  assert.equal(announcement(on, paused), '');
  assert.equal(announcement(lost, on), 'failed');
  assert.equal(announcement(on, lost), 'back');
  assert.equal(announcement(off, on), 'over');
  assert.equal(announcement(off, lost), 'over');
  assert.equal(announcement(on, on), '');
});

test('somebody who enters a recorded meeting is not told that recording begins', () => {
  assert.equal(announcement(inside({ state: 'on' }), { ...START, welcome: inside({}).welcome }), 'already');
});

test('dismissing a failed recording is not announced', () => {
  assert.equal(announcement(inside({}), inside({ state: 'failed', trouble: 'disk-full' })), '');
});

test('signing out does not announce the end of the recording', () => {
  assert.equal(announcement(START, inside({ state: 'on' })), '');
});

test('a disk that gets full is announced once, not at every rounded minute', () => {
  const half = inside({ state: 'on', minutes_left: 30 });
  assert.equal(announcement(half, inside({ state: 'on', minutes_left: 31 })), 'low');
  assert.equal(announcement(inside({ state: 'on', minutes_left: 29 }), half), '');
  assert.equal(isLow(inside({ state: 'on', minutes_left: -1 })), false);
  assert.equal(isLow(inside({ state: 'off', minutes_left: 3 })), false);
});

test('a slow disk is announced as trouble', () => {
  assert.equal(announcement(inside({ state: 'on', trouble: 'slow' }), inside({ state: 'on' })), 'trouble');
});

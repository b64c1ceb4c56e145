import assert from 'node:assert/strict';
import test from 'node:test';
import { NOT_RECORDED, keyNames, needsTwo, objection, readKept } from '../../web/js/recording.js';
import { START, reduce } from '../../web/js/store.js';

const BOARD = { name: 'Ban Giám đốc' };

/** @param {Partial<import('../../web/js/protocol.js').RecordingMessage>} recording */
const told = (recording) => reduce(START, { ...NOT_RECORDED, ...recording });

test('the chair is told why it cannot be recorded', () => {
  assert.equal(objection(told({ allowed: false, keys: [BOARD] })), 'recording-forbidden');
  assert.equal(objection(told({ allowed: true })), 'no-recipient');
  assert.equal(objection(told({ allowed: true, keys: [{ name: 'Văn phòng', second: true }] })), 'no-recipient');
  assert.equal(objection(told({ allowed: true, keys: [BOARD] })), '');
});

test('whose keys, and whether two persons are needed', () => {
  const state = told({ keys: [BOARD, { name: 'Văn phòng', second: true }] });
  assert.equal(keyNames(state), 'Ban Giám đốc, Văn phòng');
  assert.equal(needsTwo(state), true);
  assert.equal(needsTwo(told({ keys: [BOARD] })), false);
});

test('who signs out sees no light of the meeting left', () => {
  assert.equal(reduce(told({ state: 'on', since_ms: 5 }), { type: 'local/signed-out' }).recording.state, 'off');
});

test('the list is read newest first, and what is no recording is left out', () => {
  const one = { id: 'a', meeting: 'm', title: 'Giao ban', begun_ms: 1, ended_ms: 9, octets: 7, segments: 1, keys: ['Ban'], on: false, delete_ms: 0 };
  const answer = readKept({ recordings: [one, { ...one, id: 'b', begun_ms: 2, on: true }, { id: 3 }, null], may_download: true });
  assert.deepEqual(answer?.recordings.map(({ id, on }) => [id, on]), [['b', true], ['a', false]]);
  assert.equal(answer?.mayDownload, true);
  assert.equal(readKept({ recordings: 'none' }), null);
  assert.equal(readKept(null), null);
});

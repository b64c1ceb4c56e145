// Who may do what to whom, what needs permission, when a page knocks again, and unread messages.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { auditFile, readPage } from '../../web/link/audit.js';
import { listens, mayHear, ownRequest, phaseOf } from '../../web/state/permissions.js';
import { ACTS, actsOn, chairIsHere } from '../../web/state/person-acts.js';
import { knockAgainIn, standbyOf } from '../../web/state/standby.js';
import { newest, unread } from '../../web/state/talk.js';

const OPEN = { gate: [], flowing: true };
const SHUT = { gate: ['self'], flowing: false };
const HELD = { gate: ['self', 'host'], flowing: false };
const person = (/** @type {string} */ id, /** @type {string} */ role, more = {}) =>
  ({ id, role, presence: 'here', away: 0, listens: 0, may_leave: false, microphone: SHUT, camera: SHUT, screen: SHUT, ...more });
const FLOOR = { mode: 'ordered', chairs: ['chair'], turns: [], screen_by_permission: true, locked: false };
const room = (/** @type {string} */ own, /** @type {any[]} */ people, more = {}) => /** @type {any} */ ({
  welcome: { participant: own, role: people.find(({ id }) => id === own)?.role },
  roster: { version: 1, participants: people }, floor: FLOOR, requests: { version: 0, requests: [] }, ...more,
});
const CHAIR = person('chair', 'chair');
const OFFICE = person('office', 'operator');
const POINT = person('point', 'delegate', { microphone: OPEN, screen: HELD });

test('a delegate may do nothing to anybody', () => {
  assert.deepEqual(actsOn(room('point', [CHAIR, OFFICE, POINT]), CHAIR), []);
});

test('the chair decides on floor, permissions and removal; the operator not on the floor', () => {
  const chairs = actsOn(room('chair', [CHAIR, OFFICE, POINT]), POINT);
  assert.deepEqual(chairs, ['invite', 'mute', 'allow-screen', 'allow-leave', 'hand-chair', 'send-back', 'kick', 'ban']);
  const offices = actsOn(room('office', [CHAIR, OFFICE, POINT]), POINT);
  assert.deepEqual(offices, ['mute', 'allow-screen', 'allow-leave', 'send-back', 'kick', 'ban']);
});

test('only a chair removes a chair', () => {
  const acts = actsOn(room('office', [CHAIR, OFFICE]), CHAIR);
  assert.ok(!acts.some((act) => act === 'kick' || act === 'ban' || act === 'send-back'));
});

test('the operator unmutes and lends the chair only while no chair is here', () => {
  const held = person('held', 'delegate', { microphone: HELD });
  const away = { ...CHAIR, presence: 'lost' };
  assert.ok(!actsOn(room('office', [CHAIR, OFFICE, held]), held).includes('unmute'));
  assert.deepEqual([chairIsHere(room('office', [CHAIR])), chairIsHere(room('office', [away]))], [true, false]);
  const acts = actsOn(room('office', [away, OFFICE, held]), held);
  assert.ok(acts.includes('unmute') && acts.includes('lend-chair'));
  assert.deepEqual(actsOn(room('office', [away, OFFICE]), OFFICE), ['lend-chair']);
});

test('somebody is invited to a dialogue only while one other has the floor', () => {
  const floor = { ...FLOOR, turns: [{ participant: 'other' }] };
  const acts = actsOn(room('chair', [CHAIR, POINT], { floor }), POINT);
  assert.ok(acts.includes('invite') && acts.includes('dialogue'));
  const holder = { ...FLOOR, turns: [{ participant: 'point' }] };
  assert.deepEqual(actsOn(room('chair', [CHAIR, POINT], { floor: holder }), POINT).slice(0, 1), ['end-turn']);
});

test("every act is in the menu's order exactly once", () => {
  assert.equal(new Set(ACTS).size, ACTS.length);
});

test('leaving must be asked for, waits for an answer, and is then free', () => {
  const requests = { version: 1, requests: [{ participant: 'point', permission: 'leave', reason: '', since: 7 }] };
  assert.equal(phaseOf(room('point', [POINT]), 'leave'), 'ask');
  assert.equal(phaseOf(room('point', [POINT], { requests }), 'leave'), 'asked');
  assert.equal(ownRequest(room('point', [POINT], { requests }), 'leave')?.since, 7);
  assert.equal(ownRequest(room('office', [OFFICE], { requests }), 'leave'), undefined);
  assert.equal(phaseOf(room('point', [{ ...POINT, may_leave: true }]), 'leave'), 'free');
  assert.equal(phaseOf(room('office', [OFFICE]), 'leave'), 'free');
});

test('sharing a screen must be asked for while chair or operator hold it shut', () => {
  assert.equal(phaseOf(room('point', [POINT]), 'screen'), 'ask');
  assert.equal(phaseOf(room('point', [{ ...POINT, screen: SHUT }]), 'screen'), 'free');
});

test('a technician hears only while the chair permits it, everybody else always', () => {
  const technician = person('t', 'technician');
  assert.equal(mayHear(room('t', [technician])), false);
  assert.equal(phaseOf(room('t', [technician]), 'listen'), 'ask');
  const state = room('t', [{ ...technician, listens: 9 }]);
  assert.deepEqual([mayHear(state), listens(state), phaseOf(state, 'listen')], [true, 9, 'free']);
  assert.equal(mayHear(room('point', [POINT])), true);
});

test('only a knock that was refused for now is repeated; a ban never is', () => {
  assert.equal(standbyOf('knock', 'lobby-closed'), 'lobby-closed');
  assert.equal(standbyOf('knock', 'name-missing'), null);
  assert.equal(standbyOf('admit', 'room-full'), null);
  assert.equal(knockAgainIn('banned', 0, 0.5), null);
  assert.equal(knockAgainIn('lobby-closed', 60_000, 0), 60_000);
  assert.ok(Number(knockAgainIn('lobby-closed', -5, 0)) >= 10_000);
  assert.notEqual(knockAgainIn('lobby-full', 0, 0), knockAgainIn('lobby-full', 0, 1));
});

test('messages are new if they are from the other side and came after the last look', () => {
  const line = (/** @type {number} */ at, /** @type {boolean} */ staff) => ({ name: 'A', staff, text: 'x', at });
  const lines = [line(1, false), line(2, true), line(3, false)];
  assert.deepEqual([unread(lines, 0, true), unread(lines, 1, true), unread(lines, 3, true), unread(lines, 0, false)], [2, 1, 0, 1]);
  assert.deepEqual([newest(lines), newest([])], [3, 0]);
});

test('the log is read entry by entry, and anything else is left out', () => {
  const entry = { number: 1, unix_ms: 5, event: 'admitted', login: 'vp', address: '192.0.2.7', words: [['name', 'Trạm Tả Phìn'], 'odd'] };
  const page = readPage({ entries: [{ entry, hash: 'x' }, { entry: { number: 'one' } }, null], after: 1, more: false });
  assert.deepEqual(page, { after: 1, more: false, entries: [{ number: 1, at: 5, event: 'admitted', login: 'vp', address: '192.0.2.7', words: ['Trạm Tả Phìn'] }] });
  for (const bad of [null, [], 'x', { entries: 1, after: 1 }, { entries: [] }]) assert.equal(readPage(bad), null);
  assert.equal(auditFile('giao ban&x', 'csv'), '/api/audit.csv?meeting=giao%20ban%26x');
});

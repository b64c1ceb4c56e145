// Who waits for the floor at which place, and how much of a turn is left.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { kindNow, placeOf, queueGroups, turnClock, turnOf } from '../../web/state/floor.js';

const UNITS = [
  { id: 'nhi', name: 'Khoa Nhi', short: 'Nhi', kind: 'department' },
  { id: 'san', name: 'Khoa Sản', short: 'Sản', kind: 'department' },
  { id: 'taphin', name: 'Trạm Y tế xã Tả Phìn', short: 'Tả Phìn', kind: 'station' },
];
const wish = (/** @type {string} */ participant, more = {}) =>
  ({ participant, topic: '', registered: false, round: false, skipped: false, since: 0, ...more });
const room = (/** @type {string[]} */ waiting, floor = {}) => /** @type {any} */ ({
  welcome: { units: UNITS },
  roster: { version: 1, participants: [...UNITS, { id: 'guest' }].map(({ id }) => ({ id: `p-${id}`, unit: id, name: id })) },
  floor: { mode: 'ordered', turns: [], next: null, queue: waiting.map((id) => wish(`p-${id}`)), ...floor },
});
const shape = (/** @type {any} */ state) =>
  queueGroups(state).map(({ kind, waiting }) => [kind, waiting.map(({ place, who }) => `${place} ${who.unit}`)]);

test('ordered by kind, each kind is a group, and places are counted across groups', () => {
  assert.deepEqual(shape(room(['nhi', 'san', 'taphin'])), [['department', ['1 nhi', '2 san']], ['station', ['3 taphin']]]);
});

test("ordered by time, there is one group in the server's order", () => {
  assert.deepEqual(shape(room(['taphin', 'nhi'], { mode: 'moderated' })), [['all', ['1 taphin', '2 nhi']]]);
});

test('somebody who is not in the roster yet is not shown but keeps the place', () => {
  assert.deepEqual(shape(room(['nhi', 'unknown', 'taphin'])), [['department', ['1 nhi']], ['station', ['3 taphin']]]);
});

test('a unit that the meeting does not list still waits', () => {
  assert.deepEqual(shape(room(['guest'])), [['all', ['1 guest']]]);
  assert.deepEqual(shape(room([])), []);
});

test('a kind is one group even when the server goes back to it', () => {
  assert.deepEqual(shape(room(['nhi', 'taphin', 'san'])), [['department', ['1 nhi', '3 san']], ['station', ['2 taphin']]]);
});

test('the own place counts from one; without waiting there is none', () => {
  const { floor } = room(['nhi', 'taphin']);
  assert.deepEqual([placeOf(floor, 'p-nhi'), placeOf(floor, 'p-taphin'), placeOf(floor, 'p-san'), placeOf(floor, undefined)], [1, 2, 0, 0]);
});

const turn = (/** @type {number} */ since, /** @type {number} */ until) =>
  ({ participant: 'p-nhi', since, until, dialogue: false, silent: false });

test('a turn without a limit only counts up', () => {
  assert.deepEqual(turnClock(turn(1000, 0), 61_000), { spent: 60_000, limit: 0, left: 0, phase: 'free' });
});

test('a turn runs, ends and is over', () => {
  const five = turn(0, 300_000);
  assert.deepEqual(turnClock(five, 239_999), { spent: 239_999, limit: 300_000, left: 60_001, phase: 'running' });
  assert.equal(turnClock(five, 240_000).phase, 'ending');
  assert.deepEqual(turnClock(five, 300_000), { spent: 300_000, limit: 300_000, left: 0, phase: 'over' });
  assert.equal(turnClock(five, 335_000).left, -35_000);
});

test('a long turn is ending in its last minute, a short one in its last fifth', () => {
  assert.deepEqual([turnClock(turn(0, 600_000), 530_000).phase, turnClock(turn(0, 600_000), 540_000).phase], ['running', 'ending']);
  assert.deepEqual([turnClock(turn(0, 120_000), 90_000).phase, turnClock(turn(0, 120_000), 96_000).phase], ['running', 'ending']);
});

test('a clock that runs behind the server shows no time below zero', () => {
  assert.deepEqual(turnClock(turn(5000, 65_000), 4000), { spent: 0, limit: 60_000, left: 61_000, phase: 'running' });
});

test("the kind whose turn it is: the speaker's, otherwise the next one's", () => {
  assert.equal(kindNow(room([], { turns: [turn(0, 0)], next: 'p-taphin' })), 'department');
  assert.equal(kindNow(room([], { next: 'p-taphin' })), 'station');
  assert.equal(kindNow(room([])), null);
  assert.equal(kindNow(room([], { next: 'p-guest' })), null);
});

test('the holder of the floor is found among the turns', () => {
  const { floor } = room([], { turns: [turn(0, 0)] });
  assert.equal(turnOf(floor, 'p-nhi')?.until, 0);
  assert.equal(turnOf(floor, 'p-san'), undefined);
});

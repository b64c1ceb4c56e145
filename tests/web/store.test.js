// What the page knows after each message: its screen, its seat and the room.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { START, reduce } from '../../web/state/store.js';

const example = (/** @type {string} */ name) =>
  JSON.parse(readFileSync(new URL(`../../signaling/protocol/schema/examples/valid/${name}.json`, import.meta.url), 'utf8'));
const ACCOUNT = { account: 'tram', name: 'YS. G.A.P.', role: 'delegate', unit: null };
const signedIn = { type: 'local/signed-in', account: ACCOUNT, meeting: 'giao-ban' };
const outside = { ...example('welcome.outside'), reason: '' };
const seat = (/** @type {string} */ state, reason = '') => ({ type: 'seat', seat: state, reason, since: 5 });
const roster = (/** @type {number} */ version) => ({ ...example('roster.one'), version });
const after = (/** @type {any[]} */ ...actions) => actions.reduce(reduce, START);

test('the way in: door, green room, waiting, meeting', () => {
  const screens = [];
  let state = START;
  for (const action of [signedIn, outside, seat('waiting'), seat('admitted')]) {
    state = reduce(state, action);
    screens.push(state.screen);
  }
  assert.deepEqual(screens, ['door', 'green-room', 'waiting', 'meeting']);
});

test('a refusal of the seat shows its reason and a way back', () => {
  const state = after(signedIn, outside, seat('waiting'), seat('refused', 'Ngoài thành phần'));
  assert.equal(state.screen, 'refused');
  assert.equal(state.seat.reason, 'Ngoài thành phần');
});

test('a late roster does not undo a newer one', () => {
  const state = after(signedIn, outside, seat('admitted'), roster(7), { ...roster(6), participants: [] });
  assert.equal(state.roster.version, 7);
  assert.equal(state.roster.participants.length, 1);
});

test('after a restart of the server its versions start again and are accepted', () => {
  const again = { ...outside, seat: 'admitted' };
  const state = after(signedIn, outside, seat('admitted'), roster(7), again, roster(1));
  assert.equal(state.roster.version, 1);
});

test('somebody who is removed sees the reason, and the room is gone', () => {
  const state = after(signedIn, outside, seat('admitted'), roster(1), { type: 'bye', code: 'kicked', reason: 'Nhầm phòng' });
  assert.equal(state.screen, 'ended');
  assert.equal(state.bye?.reason, 'Nhầm phòng');
  assert.equal(state.roster.participants.length, 0);
});

test('a server that restarts does not end the meeting: the state of the room stays', () => {
  const before = after(signedIn, outside, seat('admitted'), roster(1));
  const state = reduce(before, { type: 'bye', code: 'shutting-down', reason: '' });
  assert.equal(state.screen, 'meeting');
  assert.deepEqual(state.roster, before.roster);
});

test('a sign-in that has expired leads to the door, with the reason', () => {
  const state = after(signedIn, outside, { type: 'bye', code: 'not-signed-in', reason: '' });
  assert.equal(state.screen, 'door');
  assert.equal(state.refusal?.code, 'not-signed-in');
});

test('the same refusal twice is told twice', () => {
  const refusal = { type: 'refusal', re: 'set-source', code: 'muted-by-host', to: 3 };
  const once = after(signedIn, outside, seat('admitted'), refusal);
  assert.notEqual(reduce(once, refusal).refusal, once.refusal);
});

test('lost media empties the lines, but nobody leaves the room', () => {
  const before = after(signedIn, outside, seat('admitted'), roster(1), example('slots.switched'));
  const state = reduce(before, { type: 'media-lost', why: 'media-unavailable' });
  assert.deepEqual(state.slots, []);
  assert.equal(state.screen, 'meeting');
});

test('an action that changes nothing gives the same state', () => {
  const state = after(signedIn, outside);
  assert.equal(reduce(state, { type: 'pong', t: 1 }), state);
  assert.equal(reduce(state, { type: 'local/online', online: state.online }), state);
});

test('the line board keeps the last three minutes of everyone who is in the room', () => {
  const point = (/** @type {number} */ at) => ({ at, rtt_ms: 80, loss_up: 0, loss_down: 0, up_kbps: 1, down_kbps: 1, quality: 'good' });
  const lines = (/** @type {boolean} */ whole, /** @type {any} */ ...series) => ({ type: 'lines', whole, lines: series.map(([participant, points]) => ({ participant, points })) });
  const inside = { ...example('roster.one'), version: 1, participants: [{ id: 'a' }, { id: 'b' }] };
  let state = after(signedIn, outside, seat('admitted'), inside, lines(true, ['a', [point(1), point(2)]], ['b', [point(2)]], ['gone', [point(1)]]));
  state = reduce(state, lines(false, ['a', [point(2)]]));
  assert.deepEqual(state.board.a?.points.map(({ at }) => at), [1, 2]);
  assert.equal(state.board.b?.points.length, 1);
  assert.equal(state.board.gone, undefined);
  for (let at = 3; at < 300; at += 1) state = reduce(state, lines(false, ['a', [point(at)]]));
  assert.equal(state.board.a?.points.length, 90);
  assert.equal(state.board.a?.points.at(-1)?.at, 299);
  assert.deepEqual(reduce(state, lines(true)).board, Object.create(null));
});

test('the choice of what to receive outlives the meeting, the line does not', () => {
  const before = after(signedIn, outside, seat('admitted'), example('line.plain'), { type: 'local/reception', reception: 'audio-only' });
  assert.equal(before.line?.path, 'udp');
  const state = reduce(before, { type: 'bye', code: 'left', reason: '' });
  assert.deepEqual([state.reception, state.line], ['audio-only', null]);
});

test('a knock that is refused for now has its own screen, until something else happens', () => {
  const refused = (/** @type {string} */ code) => ({ type: 'refusal', re: 'knock', code, to: 0 });
  const locked = after(signedIn, outside, refused('meeting-locked'));
  assert.deepEqual([locked.screen, locked.standby], ['waiting', 'meeting-locked']);
  assert.equal(reduce(locked, { type: 'local/again' }).screen, 'green-room');
  assert.equal(reduce(locked, { type: 'local/refused', re: 'knock', code: 'offline' }).standby, 'meeting-locked');
  assert.equal(reduce(locked, refused('name-missing')).screen, 'green-room');
  const waiting = reduce(locked, seat('waiting'));
  assert.deepEqual([waiting.screen, waiting.standby], ['waiting', null]);
});

test('messages with somebody in the lobby are kept until they no longer wait', () => {
  const knocks = example('lobby.one');
  const talk = { ...example('lobby-talk.two'), knock: knocks.knocks[0].id };
  const state = after(signedIn, { ...outside, seat: 'admitted' }, knocks, talk);
  assert.equal(state.talks[talk.knock]?.length, 2);
  assert.deepEqual(reduce(state, { ...example('lobby.empty'), version: 99 }).talks, {});
});

test('versions of floor, requests and departures only grow, and end with the meeting', () => {
  const floor = example('floor.ordered');
  let state = after(signedIn, { ...outside, seat: 'admitted' }, floor, example('requests.two'), example('departures.two'), example('voices.noise'));
  assert.equal(reduce(state, { ...floor, version: floor.version - 1, mode: 'open' }), state);
  assert.equal(reduce(state, { ...example('requests.none'), version: 1 }).requests.requests.length, 2);
  assert.deepEqual([state.floor.mode, state.departures.departures.length, state.voices.noisy.length], ['ordered', 2, 1]);
  state = reduce(state, { type: 'bye', code: 'left', reason: '' });
  assert.deepEqual([state.floor.turns, state.requests.requests, state.departures.departures], [[], [], []]);
});

test('every decision is told, even the same one twice', () => {
  const decision = example('decision.refused');
  const once = after(signedIn, { ...outside, seat: 'admitted' }, decision);
  assert.notEqual(reduce(once, { ...decision }).decision, once.decision);
});

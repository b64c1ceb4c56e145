// Who is shown where.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isHeld, slotOf, stageView, tiles } from '../../web/state/layout.js';
import { START } from '../../web/state/store.js';

const shut = { gate: ['self'], flowing: false };
const open = { gate: [], flowing: true };
const person = (/** @type {string} */ id, changes = {}) => ({ id, microphone: shut, camera: open, screen: shut, ...changes });
const room = (/** @type {any[]} */ participants, /** @type {any} */ changes = {}) =>
  /** @type {any} */ ({ ...START, welcome: { participant: 'me' }, roster: { version: 1, participants }, ...changes });
const slot = (/** @type {string} */ mid, /** @type {string} */ kind, /** @type {string|null} */ participant, source = 'camera') => ({ mid, kind, participant, source });
const many = [person('me'), ...Array.from({ length: 14 }, (_, n) => person(`p${n}`))];

test('the own tile is on the first page and takes a place there', () => {
  const first = tiles(room(many), 5);
  assert.deepEqual([first.own, first.ids, first.pages], [true, ['p0', 'p1', 'p2', 'p3'], 3]);
});

test('every point is on exactly one page', () => {
  const shown = [0, 1, 2].flatMap((tilePage) => tiles(room(many, { tilePage }), 5).ids);
  assert.deepEqual(shown, many.slice(1).map((one) => one.id));
});

test('a page that no longer exists becomes the last one', () => {
  assert.equal(tiles(room(many, { tilePage: 9 }), 5).page, 2);
  assert.equal(tiles(room([person('me')], { tilePage: 9 }), 5).page, 0);
});

test('there are no more tiles than lines for them', () => {
  assert.equal(tiles(room(many), 40).ids.length, 12);
});

test('a picture is found only on a line of its kind', () => {
  const state = room(many, { slots: [slot('6', 'stage', 'p1'), slot('8', 'tile', 'p1')] });
  assert.equal(slotOf(state, 'p1', 'camera', 'tile'), '8');
  assert.equal(slotOf(state, 'p1', 'screen'), null);
});

test('the speaker sees the previous speaker, not the own picture', () => {
  const state = room(many, { slots: [slot('6', 'stage', 'p1')], speakers: { heard: ['me'], stage: 'me' } });
  assert.deepEqual(stageView(state), { participant: 'p1', source: 'camera', mid: '6', aside: null });
});

test('a shared screen takes the stage, with the speaker beside it', () => {
  const people = [person('me'), person('p1'), person('p2', { screen: open })];
  const lines = [slot('6', 'stage', 'p1'), slot('7', 'screen', 'p2', 'screen')];
  const view = stageView(room(people, { slots: lines }));
  assert.deepEqual([view.participant, view.source, view.mid, view.aside?.participant], ['p2', 'screen', '7', 'p1']);
});

test('a screen that was shut leaves the stage even if its line is still there', () => {
  const lines = [slot('6', 'stage', 'p1'), slot('7', 'screen', 'p2', 'screen')];
  assert.equal(stageView(room([person('me'), person('p1'), person('p2')], { slots: lines })).participant, 'p1');
});

test('a picture that the line cannot carry is held only on its own line', () => {
  const state = room(many, { slots: [{ ...slot('6', 'stage', 'p1'), held: true }, { ...slot('8', 'tile', 'p1'), held: false }, slot('9', 'tile', 'p2')] });
  assert.deepEqual([isHeld(state, 'p1', 'stage'), isHeld(state, 'p1', 'tile'), isHeld(state, 'p2', 'tile'), isHeld(state, null, 'tile')], [true, false, false, false]);
});

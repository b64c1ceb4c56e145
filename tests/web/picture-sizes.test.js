// What the server is told about the pictures on this screen.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { rowsOf, showOf, stepOf } from '../../web/state/picture-sizes.js';
import { START } from '../../web/state/store.js';

const people = Array.from({ length: 20 }, (_, n) => ({ id: `p${n}` }));
const room = (/** @type {any} */ changes = {}) =>
  /** @type {any} */ ({ ...START, tilesPerPage: 4, welcome: { participant: 'me' }, roster: { version: 1, participants: [{ id: 'me' }, ...people] }, ...changes });
const nothing = { stage: null, screen: null, tiles: null, unseen: false };

test('a picture is as high as a 16:9 picture fits into its box, in device pixels', () => {
  assert.equal(rowsOf(1600, 900, 1), 900);
  assert.equal(rowsOf(320, 900, 2), 360);
  assert.equal(rowsOf(0, 900, 2), 0);
});

test('small changes of a window are not told', () => {
  assert.equal(stepOf(361), stepOf(390));
  assert.equal(stepOf(0), 0);
  assert.equal(stepOf(1), 90);
  assert.equal(stepOf(99_999), 4320);
  for (const rows of [90, 180, 270, 360, 540, 720, 1080]) assert.equal(stepOf(rows), rows);
});

test('before any element is known the page is taken from the state', () => {
  const show = showOf(room(), nothing);
  assert.deepEqual(show.tiles, ['p0', 'p1', 'p2'].map((participant) => ({ participant, height: 180 })));
  assert.equal(show.stage, 720);
});

test('measured sizes are told in the order of the page, without the own tile', () => {
  const tiles = new Map([['p2', 100], ['me', 400], ['p0', 0], ['p9', 350]]);
  const show = showOf(room(), { stage: 500, screen: 0, tiles, unseen: false });
  assert.deepEqual(show, {
    type: 'show',
    tiles: [{ participant: 'p0', height: 0 }, { participant: 'p2', height: 180 }, { participant: 'p9', height: 360 }],
    stage: 540,
    screen: 0,
  });
});

test('a new tile counts as visible until it is measured', () => {
  assert.equal(showOf(room(), { ...nothing, tiles: new Map([['p0', null]]) }).tiles[0]?.height, 180);
});

test('a hidden page keeps its tiles and gets no pictures', () => {
  const show = showOf(room(), { stage: 500, screen: 500, tiles: new Map([['p0', 180]]), unseen: true });
  assert.deepEqual(show, { type: 'show', tiles: [{ participant: 'p0', height: 0 }], stage: 0, screen: 0 });
});

test('without pictures wanted, none are sent', () => {
  for (const reception of ['no-pictures', 'audio-only']) {
    assert.deepEqual(showOf(room({ reception }), { stage: 500, screen: 500, tiles: new Map([['p0', 180]]), unseen: false }), {
      type: 'show', tiles: [], stage: 0, screen: 0,
    });
  }
});

test('there are never more tiles than lines, and visible ones come first', () => {
  const tiles = new Map(people.map(({ id }, n) => [id, n < 15 ? 0 : 180]));
  const show = showOf(room(), { ...nothing, tiles });
  assert.equal(show.tiles.length, 12);
  assert.equal(show.tiles.filter(({ height }) => height > 0).length, 5);
});

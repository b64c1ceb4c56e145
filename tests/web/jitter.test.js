import assert from 'node:assert/strict';
import test from 'node:test';

import { jitterTarget, pictureTarget } from '../../web/media/jitter.js';

test('on a line that loses nothing the browser decides', () => {
  assert.equal(jitterTarget(null, 0), null);
  assert.equal(jitterTarget(null, 19), null);
  assert.equal(pictureTarget(null, null, 80), null);
  assert.equal(pictureTarget(240, null, 80), null);
});

test('voices wait longer the more is lost, and one good report does not shorten that', () => {
  assert.equal(jitterTarget(null, 20), 120);
  assert.equal(jitterTarget(120, 12), 120);
  assert.equal(jitterTarget(120, 90), 200);
  assert.equal(jitterTarget(200, 60), 200);
  assert.equal(jitterTarget(200, 40), 120);
});

test('pictures wait long enough for a retransmission, and never less than the voices', () => {
  assert.equal(pictureTarget(null, 120, 60), 150);
  assert.equal(pictureTarget(null, 200, 100), 360);
  assert.equal(pictureTarget(null, 200, 20), 200);
  assert.equal(pictureTarget(null, 120, -1), 210);
  assert.equal(pictureTarget(360, 200, 115), 360, 'a little more changes nothing');
});

test('pictures wait at most a quarter of a second longer than voices, which wait for them', () => {
  assert.equal(pictureTarget(null, 200, 2000), 450);
  assert.equal(pictureTarget(null, 120, 2000), 370);
});

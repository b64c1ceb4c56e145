// When the page asks for camera and microphone.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { preparation } from '../../web/media/preparing.js';
import { START } from '../../web/state/store.js';

/** @param {import('../../web/state/store.js').Screen} screen @param {import('../../web/state/store.js').DeviceState} [camera] */
const on = (screen, camera = 'unknown') => ({ ...START, screen, devices: { ...START.devices, camera } });

test('the green room asks for the devices and measures the line', () => {
  assert.equal(preparation(on('green-room'), on('door')), 'devices-and-line');
  assert.equal(preparation(on('green-room', 'ready'), on('waiting', 'ready')), 'devices-and-line');
});

test('the lobby asks for the devices only when the page has not asked yet', () => {
  for (const screen of /** @type {const} */ (['waiting', 'refused'])) {
    assert.equal(preparation(on(screen), on('door')), 'devices');
    for (const camera of /** @type {const} */ (['ready', 'off', 'denied'])) assert.equal(preparation(on(screen, camera), on('green-room', camera)), null);
  }
});

test('nothing is asked for while the screen stays, nor on the other screens', () => {
  assert.equal(preparation({ ...on('green-room'), language: 'en' }, on('green-room')), null);
  for (const screen of /** @type {const} */ (['door', 'meeting', 'ended'])) assert.equal(preparation(on(screen), on('green-room')), null);
});

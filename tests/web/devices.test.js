// The own devices, with a fake browser: what happens when one is unplugged, held back, forbidden, or never permitted.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { QUESTION_MS } from '../../web/media/asking.js';
import { LOOK_MS } from '../../web/media/device-watch.js';
import { compared, listed } from '../../web/media/device-list.js';
import { Devices } from '../../web/media/devices.js';
import { hindrance, usedDevice } from '../../web/state/own-devices.js';
import { START, reduce } from '../../web/state/store.js';
import { FakeTimers } from './timers.js';

class Track extends EventTarget {
  readyState = 'live';
  muted = false;
  enabled = true;
  contentHint = '';
  /** @param {{kind: string, id: string, label: string}} device */
  constructor(device) {
    super();
    this.device = device;
    this.kind = device.kind;
    this.label = device.label;
    /** @type {any} */ this.onended = this.onmute = this.onunmute = null;
  }
  getSettings() {
    return { deviceId: this.device.id };
  }
  stop() {
    this.readyState = 'ended';
  }
  ends() {
    this.readyState = 'ended';
    this.onended?.();
  }
  /** @param {boolean} muted */
  mutes(muted) {
    this.muted = muted;
    (muted ? this.onmute : this.onunmute)?.();
  }
}

class Stream {
  /** @param {Track[]} [tracks] */
  constructor(tracks = []) {
    this.tracks = [...tracks];
  }
  getTracks() {
    return [...this.tracks];
  }
  /** @param {Track} track */
  addTrack(track) {
    this.tracks.push(track);
  }
  /** @param {Track} track */
  removeTrack(track) {
    this.tracks = this.tracks.filter((one) => one !== track);
  }
}

const error = (/** @type {string} */ name) => new DOMException('', name);

/** A browser with two microphones and two cameras. @param {import('node:test').TestContext} context */
function machine(context) {
  const timers = new FakeTimers();
  context.after(() => timers.restore());
  const device = (/** @type {string} */ kind, /** @type {string} */ name) => ({ kind, id: `${kind}-${name}`, label: `${kind} ${name}` });
  const browser = {
    here: [device('audio', 'a'), device('audio', 'b'), device('video', 'a'), device('video', 'b')],
    /** @type {'now' | 'never'} */ answers: 'now',
    /** @type {string | null} */ fails: null,
    /** @type {Record<string, any>} */ permissions: { microphone: { state: 'granted' }, camera: { state: 'granted' } },
    /** @type {Track[]} */ tracks: [],
    /** @type {(() => void)[]} */ unanswered: [],
    asked: 0,
    /** @type {any} */ heard: null,
  };
  const take = (/** @type {any} */ wanted) => ['audio', 'video'].filter((kind) => wanted[kind]).map((kind) => {
    const exact = wanted[kind].deviceId?.exact;
    const found = browser.here.find((one) => one.kind === kind && (exact ? one.id === exact : true));
    if (!found) throw error(exact ? 'OverconstrainedError' : 'NotFoundError');
    const track = new Track(found);
    browser.tracks.push(track);
    return track;
  });
  const getUserMedia = async (/** @type {any} */ wanted) => {
    browser.asked += 1;
    if (browser.fails) throw error(browser.fails);
    if (browser.answers === 'never') await /** @type {Promise<void>} */ (new Promise((resolve) => browser.unanswered.push(resolve)));
    return new Stream(take(wanted));
  };
  const navigator = {
    mediaDevices: {
      getUserMedia,
      getDisplayMedia: getUserMedia,
      enumerateDevices: async () => browser.here.map(({ kind, id, label }) => ({ kind: `${kind}input`, deviceId: id, label })),
      addEventListener: (/** @type {string} */ _, /** @type {any} */ act) => (browser.heard = act),
    },
    permissions: { query: async (/** @type {{name: string}} */ { name }) => browser.permissions[name] },
  };
  const replaced = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  context.after(() => replaced && Object.defineProperty(globalThis, 'navigator', replaced));
  Object.assign(globalThis, { MediaStream: Stream });
  const page = { state: START, news: /** @type {string[]} */ ([]), previews: false };
  const devices = new Devices((action) => {
    page.state = reduce(page.state, action);
    if (action.type === 'local/device-news') page.news.push(`${action.source}-${action.what}`);
  });
  devices.previews = () => page.previews;
  devices.watch();
  const settle = async () => {
    for (let n = 0; n < 100; n += 1) await Promise.resolve();
  };
  return {
    browser, page, devices, timers, settle,
    used: (/** @type {'microphone' | 'camera'} */ kind) => usedDevice(page.state.devices, kind)?.id,
    track: (/** @type {'microphone' | 'camera' | 'screen'} */ source) => /** @type {any} */ (devices.track(source)),
    unplug: async (/** @type {string} */ id) => {
      browser.here = browser.here.filter((one) => one.id !== id);
      for (const track of browser.tracks) if (track.device.id === id && track.readyState === 'live') track.ends();
      browser.heard();
      await settle();
    },
    plug: async (/** @type {string} */ kind, /** @type {string} */ name) => {
      browser.here.push(device(kind, name));
      browser.heard();
      await settle();
    },
  };
}

for (const [kind, media] of /** @type {const} */ ([['microphone', 'audio'], ['camera', 'video']])) {
  test(`an open ${kind} that is unplugged is replaced, and the person is told at once`, async (context) => {
    const { browser, page, devices, settle, used, track, unplug } = machine(context);
    await devices.open(kind);
    await devices.choose(kind, `${media}-b`);
    await settle();
    assert.equal(used(kind), `${media}-b`);
    const lost = track(kind);
    browser.here = browser.here.filter((one) => one.id !== `${media}-b`);
    lost.ends();
    assert.deepEqual([page.state.devices[kind], hindrance(page.state, kind)], ['lost', 'lost']);
    await settle();
    assert.deepEqual([page.state.devices[kind], used(kind), track(kind).readyState], ['ready', `${media}-a`, 'live']);
    assert.deepEqual(page.news, [`${kind}-replaced`]);
    assert.equal(page.state.deviceNews?.label, `${media} a`);
    await unplug(`${media}-a`);
    assert.deepEqual([page.state.devices[kind], page.state.local[kind], page.news.at(-1)], ['none', false, `${kind}-gone`]);
  });

  test(`a ${kind} whose browser says nothing at all is replaced when the list lacks it`, async (context) => {
    const { browser, page, devices, timers, settle, track } = machine(context);
    await devices.open(kind);
    await settle();
    browser.here = browser.here.filter((one) => one.id !== `${media}-a`);
    timers.tick(LOOK_MS);
    await settle();
    assert.equal(track(kind).device.id, `${media}-b`);
    assert.deepEqual(page.news, [`${kind}-replaced`]);
  });

  test(`a ${kind} that the system holds back is said to be, and its return too`, async (context) => {
    const { page, devices, track } = machine(context);
    await devices.open(kind);
    track(kind).mutes(true);
    assert.equal(hindrance(page.state, kind), 'held');
    track(kind).mutes(false);
    assert.equal(hindrance(page.state, kind), null);
    assert.deepEqual(page.news, [`${kind}-held`, `${kind}-back`]);
  });

  test(`a ${kind} that is plugged in is offered; where there was none it is opened for the preview`, async (context) => {
    const { browser, page, devices, settle, used, track, plug } = machine(context);
    await devices.open(kind);
    await settle();
    await plug(media, 'headset');
    assert.deepEqual([page.news, page.state.deviceNews?.id, used(kind)], [[`${kind}-offered`], `${media}-headset`, `${media}-a`]);
    await devices.choose(kind, `${media}-headset`);
    assert.equal(used(kind), `${media}-headset`);
    devices.stop();
    browser.here = browser.here.filter((one) => one.kind !== media);
    browser.heard();
    await settle();
    page.previews = true;
    assert.equal(await devices.open(kind), 'none');
    await plug(media, 'c');
    assert.equal(track(kind).device.id, `${media}-c`);
  });

  test(`the question for the ${kind} has a deadline, and the next press asks again`, async (context) => {
    const { browser, page, devices, timers, settle, track } = machine(context);
    browser.answers = 'never';
    const opened = devices.open(kind);
    await settle();
    timers.tick(QUESTION_MS);
    assert.equal(await opened, 'unanswered');
    assert.equal(page.state.devices[kind], 'unanswered');
    browser.answers = 'now';
    assert.equal(await devices.open(kind), 'ready');
    const running = track(kind);
    browser.unanswered.forEach((answer) => answer());
    await settle();
    assert.equal(track(kind), running);
    assert.deepEqual(browser.tracks.map((one) => one.readyState), ['live', 'ended']);
  });

  test(`a late answer about the ${kind} opens it for the preview, and nothing in the meeting`, async (context) => {
    for (const previews of [true, false]) {
      const { browser, page, devices, timers, settle, track } = machine(context);
      page.previews = previews;
      browser.answers = 'never';
      const opened = devices.open(kind);
      await settle();
      timers.tick(QUESTION_MS);
      await opened;
      browser.unanswered.forEach((answer) => answer());
      await settle();
      assert.equal(track(kind)?.readyState, previews ? 'live' : undefined);
      assert.deepEqual(browser.tracks.map((one) => one.readyState), [previews ? 'live' : 'ended']);
      assert.deepEqual(page.news, previews ? [] : [`${kind}-allowed`]);
    }
  });

  test(`a permission for the ${kind} that is revoked ends it and is said; given again it is said, too`, async (context) => {
    const { browser, page, devices, settle, track } = machine(context);
    await devices.open(kind);
    await settle();
    browser.permissions[kind].state = 'denied';
    browser.permissions[kind].onchange();
    await settle();
    assert.deepEqual([track(kind), page.state.devices[kind], page.news], [null, 'denied', [`${kind}-revoked`]]);
    browser.permissions[kind].state = 'granted';
    browser.permissions[kind].onchange();
    await settle();
    assert.deepEqual([track(kind), page.news.at(-1)], [null, `${kind}-allowed`]);
  });

  test(`a ${kind} that was chosen and whose id has changed is opened all the same`, async (context) => {
    const { browser, devices, settle, track } = machine(context);
    await devices.choose(kind, `${media}-b`);
    browser.here = browser.here.map((one) => ({ ...one, id: `${one.id}-new` }));
    assert.equal(await devices.open(kind), 'ready');
    await settle();
    assert.equal(track(kind).device.id, `${media}-a-new`);
  });
}

test('a microphone that was shut is not opened when it is unplugged', async (context) => {
  const { browser, page, devices, settle, used, track, unplug } = machine(context);
  await devices.open('microphone');
  devices.hush();
  await settle();
  await unplug('audio-a');
  assert.deepEqual([track('microphone'), page.state.devices.microphone, page.news], [null, 'off', ['microphone-unplugged']]);
  assert.deepEqual([used('microphone'), browser.tracks.length], ['audio-b', 1]);
  await devices.open('microphone');
  assert.equal(track('microphone').device.id, 'audio-b');
});

test('a shut microphone that was the only one is said to be gone', async (context) => {
  const { page, devices, settle, track, unplug } = machine(context);
  await devices.open('microphone');
  devices.hush();
  await settle();
  await unplug('audio-b');
  await unplug('audio-a');
  assert.deepEqual([track('microphone'), page.state.devices.microphone, page.news.at(-1)], [null, 'none', 'microphone-gone']);
});

test('a microphone that is shut while its successor is being opened stays shut', async (context) => {
  const { devices, settle, track, browser } = machine(context);
  await devices.open('microphone');
  await settle();
  browser.here = browser.here.filter((one) => one.id !== 'audio-a');
  track('microphone').ends();
  devices.hush();
  await settle();
  assert.equal(track('microphone')?.enabled ?? false, false);
});

test('what is closed while the browser asks is not opened by the answer', async (context) => {
  const { browser, devices, settle, track } = machine(context);
  browser.answers = 'never';
  const opened = [devices.open('camera'), devices.open('screen')];
  await settle();
  devices.stop();
  browser.unanswered.forEach((answer) => answer());
  assert.deepEqual(await Promise.all(opened), ['off', 'off']);
  assert.deepEqual([track('camera'), track('screen')], [null, null]);
  assert.deepEqual(browser.tracks.map((one) => one.readyState), ['ended', 'ended']);
});

test('a screen that nobody chooses yet does not keep the microphone from being opened', async (context) => {
  const { browser, devices, settle } = machine(context);
  browser.answers = 'never';
  void devices.open('screen');
  await settle();
  browser.answers = 'now';
  assert.equal(await devices.open('microphone'), 'ready');
});

test('a screen that the person stops sharing in the browser is gone, without a word', async (context) => {
  const { page, devices, track } = machine(context);
  await devices.open('screen');
  track('screen').ends();
  assert.deepEqual([track('screen'), page.state.local.screen, page.news], [null, false, []]);
});

test('a device that another program has is busy, and the chosen one stays in use', async (context) => {
  const { browser, page, devices } = machine(context);
  browser.fails = 'NotReadableError';
  assert.deepEqual([await devices.open('microphone'), page.state.devices.microphone], ['busy', 'busy']);
});

test('a device that stops though it is still there and was not permitted for ever was revoked', async (context) => {
  const { browser, page, devices, settle, track } = machine(context);
  browser.permissions.camera.state = 'prompt';
  await devices.open('camera');
  await settle();
  track('camera').ends();
  await settle();
  assert.deepEqual([track('camera'), page.news, browser.asked], [null, ['camera-revoked'], 1]);
});

test('before permission the browser hides its devices, and none of them is offered as new afterwards', () => {
  const hidden = listed([{ kind: 'audioinput', deviceId: '', label: '' }], 'microphone');
  assert.deepEqual(hidden, { devices: [], known: false });
  assert.equal(listed([], 'microphone').known, true);
});

test('devices that only have other ids are the same, and stand-ins are not new', () => {
  const [a, b] = [{ id: '1', label: 'Mic A' }, { id: '2', label: 'Mic B' }];
  const now = [{ id: '7', label: 'Mic A' }, { id: 'default', label: 'Default - Mic C' }, { id: '9', label: 'Mic C' }];
  const { come, gone, renamed } = compared([a, b], now);
  assert.deepEqual([come, gone, [...renamed]], [[{ id: '9', label: 'Mic C' }], [b], [['1', '7']]]);
});

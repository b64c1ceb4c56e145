// What the system takes away for a while: players, sound contexts, the screen's wake lock.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { stayAwake } from '../../web/kit/awake.js';
import { Meter } from '../../web/media/meter.js';
import { Sound } from '../../web/media/sound.js';
import { FakeTimers } from './timers.js';

class Player extends EventTarget {
  paused = false;
  hidden = false;
  autoplay = false;
  dataset = {};
  srcObject = /** @type {any} */ (null);
  refuses = false;
  plays = 0;
  async play() {
    this.plays += 1;
    if (this.refuses) throw new DOMException('', 'NotAllowedError');
    this.paused = false;
  }
  pause() {
    this.paused = true;
    this.dispatchEvent(new Event('pause'));
  }
  remove() {
    this.pause();
  }
}

class Context {
  state = 'suspended';
  currentTime = 0;
  destination = {};
  tones = 0;
  resumes = 0;
  /** @returns {Promise<void>} */
  resume() {
    this.resumes += 1;
    return new Promise(() => undefined);
  }
  createGain() {
    const gain = { setValueAtTime() {}, linearRampToValueAtTime() {}, exponentialRampToValueAtTime() {} };
    return { gain, connect: () => undefined };
  }
  createOscillator() {
    this.tones += 1;
    return { frequency: {}, connect: () => ({ connect: () => undefined }), start() {}, stop() {} };
  }
  createAnalyser() {
    return { fftSize: 0, getFloatTimeDomainData: (/** @type {Float32Array} */ samples) => samples.fill(0.1) };
  }
  createMediaStreamSource() {
    return { connect() {}, disconnect() {} };
  }
}

const settle = async () => {
  for (let n = 0; n < 20; n += 1) await Promise.resolve();
};

/** A page with players. @param {import('node:test').TestContext} context */
function page(context) {
  const timers = new FakeTimers();
  context.after(() => timers.restore());
  /** @type {Player[]} */ const players = [];
  /** @type {Context[]} */ const contexts = [];
  const document = Object.assign(new EventTarget(), {
    hidden: false,
    body: { append() {} },
    createElement: () => players[players.push(new Player()) - 1],
  });
  Object.assign(globalThis, {
    document,
    MediaStream: class {},
    AudioContext: class extends Context {
      constructor() {
        super();
        contexts.push(this);
      }
    },
  });
  return { timers, players, contexts, document };
}

test('a player that a phone call pauses goes on by itself, or asks for a press', async (context) => {
  const { timers, players } = page(context);
  /** @type {any[]} */ const told = [];
  const sound = new Sound((action) => told.push(action));
  sound.play([{ mid: '3', stream: /** @type {any} */ ({}) }]);
  const player = /** @type {Player} */ (players[0]);
  player.pause();
  timers.tick(1000);
  await settle();
  assert.equal(player.paused, false);
  player.refuses = true;
  player.pause();
  timers.tick(1000);
  await settle();
  assert.deepEqual(told, [{ type: 'local/sound', on: false }]);
});

test('nothing is started in a hidden page, but as soon as it is back', async (context) => {
  const { timers, players, document } = page(context);
  const sound = new Sound(() => undefined);
  sound.play([{ mid: '3', stream: /** @type {any} */ ({}) }]);
  const player = /** @type {Player} */ (players[0]);
  document.hidden = true;
  player.pause();
  timers.tick(5000);
  assert.equal(player.plays, 1);
  document.hidden = false;
  sound.goOn();
  assert.equal(player.plays, 2);
});

test('a player of a meeting that was left stays silent', (context) => {
  const { timers, players } = page(context);
  const sound = new Sound(() => undefined);
  sound.play([{ mid: '3', stream: /** @type {any} */ ({}) }]);
  sound.stop();
  timers.tick(5000);
  sound.goOn();
  assert.equal(players[0]?.plays, 1);
});

test('a bell that the browser holds back does not ring later', async (context) => {
  const { timers, contexts } = page(context);
  const sound = new Sound(() => undefined);
  const rung = sound.bell();
  await settle();
  timers.tick(1000);
  await rung;
  const audio = /** @type {Context} */ (contexts[0]);
  assert.equal(audio.tones, 0);
  audio.state = 'running';
  const again = sound.bell();
  timers.tick(1000);
  await again;
  assert.equal(audio.tones, 2);
});

test('a level that the browser does not measure is no silence, and it is asked again, not all the time', (context) => {
  const { contexts } = page(context);
  const meter = new Meter();
  const track = /** @type {any} */ ({});
  for (let n = 0; n < 20; n += 1) assert.equal(meter.level(track), null);
  const audio = /** @type {Context} */ (contexts[0]);
  assert.equal(audio.resumes, 1);
  audio.state = 'running';
  assert.ok((meter.level(track) ?? 0) > 0.1);
  audio.state = 'interrupted';
  assert.equal(meter.level(track), null);
});

test('a wake lock that the system takes is asked for again, until the meeting ends', async (context) => {
  const { timers } = page(context);
  /** @type {any[]} */ const locks = [];
  const wakeLock = {
    request: async () => {
      const lock = Object.assign(new EventTarget(), { released: false, release: async () => undefined });
      locks.push(lock);
      return lock;
    },
  };
  const replaced = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { wakeLock }, configurable: true });
  context.after(() => replaced && Object.defineProperty(globalThis, 'navigator', replaced));
  const life = new AbortController();
  stayAwake(life.signal);
  await settle();
  const taken = () => {
    locks.at(-1).released = true;
    locks.at(-1).dispatchEvent(new Event('release'));
  };
  taken();
  timers.tick(10_000);
  await settle();
  assert.equal(locks.length, 2);
  life.abort();
  taken();
  timers.tick(10_000);
  await settle();
  assert.equal(locks.length, 2);
});

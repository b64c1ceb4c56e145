// The line check: what it measures, its verdict, and that it gives way to the real transport.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LineCheck, measuredOf } from '../../web/media/line-check.js';
import { verdict } from '../../web/state/verdict.js';
import { FakeTimers } from './timers.js';

const GOOD = { up_kbps: 900, upAtLeast: false, down_kbps: 2500, loss: 0, rtt_ms: 60 };
const view = (changes = {}) => /** @type {any} */ ({
  path: 'udp', rtt_ms: 60, loss_up: 0, loss_down: 0, up_kbps: 700, down_kbps: 800, estimate_kbps: 2500, queue_ms: 0, quality: 'good', pictures: 'all', ...changes,
});

test('the limits of each verdict', () => {
  assert.equal(verdict(GOOD), 'good');
  assert.equal(verdict({ ...GOOD, up_kbps: 600, down_kbps: 1000, loss: 30, rtt_ms: 300 }), 'good');
  for (const less of [{ up_kbps: 599 }, { down_kbps: 999 }, { down_kbps: -1 }, { loss: 31 }, { rtt_ms: 301 }]) assert.equal(verdict({ ...GOOD, ...less }), 'fair');
  for (const bad of [{ up_kbps: 119 }, { down_kbps: 199 }, { loss: 101 }, { rtt_ms: 701 }]) assert.equal(verdict({ ...GOOD, ...bad }), 'poor');
});

test('without a camera the way up is not called poor', () => {
  const run = { lines: [view({ up_kbps: 40 })], available: 300, sent: 40, rtt_ms: 50 };
  assert.equal(verdict(measuredOf(run, false)), 'good');
  assert.equal(verdict(measuredOf({ ...run, available: 110 }, true)), 'poor');
});

test("without the browser's estimate, the verdict uses what got through", () => {
  const of = (/** @type {number} */ up_kbps) => verdict(measuredOf({ lines: [view({ up_kbps })], available: -1, sent: up_kbps, rtt_ms: 50 }, true));
  assert.deepEqual([900, 400, 200, 90].map(of), ['good', 'good', 'fair', 'poor']);
});

test('the first moments of a connection do not count', () => {
  const lines = [view({ loss_down: 400, estimate_kbps: 300 }), view(), view()];
  assert.equal(measuredOf({ lines, available: 900, sent: 0, rtt_ms: 50 }, true).loss, 0);
});

/** A check with a fake connection and fake timers. @param {import('node:test').TestContext} context */
function bench(context) {
  const timers = new FakeTimers();
  context.after(() => timers.restore());
  globalThis.RTCRtpReceiver = /** @type {any} */ ({ getCapabilities: () => ({ codecs: [] }) });
  /** @type {any[]} */ const sent = [];
  /** @type {any[]} */ const told = [];
  const line = () => ({ sender: { replaceTrack: async () => undefined }, receiver: { track: { kind: 'video' } } });
  const pc = /** @type {any} */ ({
    connectionState: 'new',
    closed: false,
    onconnectionstatechange: null,
    localDescription: { sdp: 'v=0' },
    addTransceiver: line,
    createOffer: async () => ({}),
    setLocalDescription: async () => undefined,
    setRemoteDescription: async () => undefined,
    getStats: async () => new Map([['pair', { type: 'candidate-pair', nominated: true, state: 'succeeded', availableOutgoingBitrate: 900_000, currentRoundTripTime: 0.05 }]]),
    close: () => (pc.closed = true),
  });
  const check = new LineCheck({
    send: (message) => Boolean(sent.push(message)),
    tell: (one) => told.push(one),
    number: () => 7,
    iceServers: () => [],
    track: () => /** @type {any} */ ({}),
    connect: () => pc,
  });
  const turn = async () => {
    for (let n = 0; n < 20; n += 1) await Promise.resolve();
  };
  const pass = async (/** @type {number} */ ms) => {
    for (let gone = 0; gone < ms; gone += 500) {
      timers.tick(500);
      await turn();
    }
  };
  const connect = () => {
    pc.connectionState = 'connected';
    pc.onconnectionstatechange?.();
  };
  const begin = async () => {
    check.start();
    timers.tick(1);
    await turn();
  };
  return { check, pc, sent, told, pass, connect, begin };
}

test('a check measures for some seconds, ends by itself and gives a verdict', async (context) => {
  const { check, pc, sent, told, pass, connect, begin } = bench(context);
  await begin();
  assert.deepEqual(sent, [{ type: 'check-line', sdp: 'v=0', id: 7 }]);
  assert.equal(check.answer({ type: 'answer', sdp: 'v=0', restart: false, to: 6 }), false);
  assert.equal(check.answer({ type: 'answer', sdp: 'v=0', restart: false, to: 7 }), true);
  connect();
  for (let second = 0; second < 8; second += 1) {
    check.line(view());
    await pass(1000);
  }
  assert.deepEqual(sent.at(-1), { type: 'end-check' });
  assert.equal(pc.closed, true);
  const last = told.at(-1);
  assert.deepEqual([last.state, last.verdict, last.up_kbps, last.down_kbps], ['done', 'good', 900, 2500]);
});

test('when no path is found, the person is told', async (context) => {
  const { check, pc, sent, told, pass, begin } = bench(context);
  await begin();
  check.answer({ type: 'answer', sdp: 'v=0', restart: false, to: 7 });
  await pass(6000);
  assert.deepEqual([told.at(-1).state, told.at(-1).code, told.at(-1).verdict], ['failed', 'no-path', 'poor']);
  assert.equal(pc.closed, true);
  assert.deepEqual(sent.at(-1), { type: 'end-check' });
});

test('a server that already checks enough lines says so', async (context) => {
  const { check, told, begin } = bench(context);
  await begin();
  check.refused('checks-full', 7);
  assert.deepEqual([told.at(-1).state, told.at(-1).code], ['failed', 'checks-full']);
});

test('admission ends a check silently, and nothing of it comes afterwards', async (context) => {
  const { check, pc, sent, told, pass, connect, begin } = bench(context);
  await begin();
  connect();
  check.abort(false);
  const said = told.length;
  await pass(20_000);
  assert.equal(pc.closed, true);
  assert.equal(told.at(-1).state, 'idle');
  assert.equal(told.length, said);
  assert.deepEqual(sent.map(({ type }) => type), ['check-line']);
});

test('a check that the server ends early is judged by what was measured', async (context) => {
  const { check, told, pass, connect, begin } = bench(context);
  await begin();
  connect();
  check.line(view());
  await pass(2000);
  check.over('check-ended');
  assert.equal(told.at(-1).state, 'done');
});

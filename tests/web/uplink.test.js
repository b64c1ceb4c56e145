// What is sent over a weak line: first the voice, then the small picture.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { READ_MS, UNKNOWN_UPLINK, caps, judged, readUplink } from '../../web/media/uplink.js';

const ALL = ['q', 'h', 'f'];
const figures = (/** @type {number | null} */ available_kbps, changes = {}) => ({ available_kbps, sent_kbps: 0, loss: 0, rtt_ms: 80, ...changes });
/** So many readings of the same figures. @returns {import('../../web/media/uplink.js').Uplink} */
function readings(/** @type {any} */ uplink, /** @type {number} */ from, /** @type {number} */ count, /** @type {any} */ seen, wanted = ALL, red = false) {
  for (let n = 1; n <= count; n += 1) uplink = judged(uplink, seen, wanted, red, from + n * READ_MS);
  return uplink;
}
/** The most that goes out, headers included. */
function most(/** @type {any} */ uplink, red = false) {
  const { camera, voiceBps } = caps(uplink, red);
  const layers = { q: 100_000, h: 450_000, f: 1_500_000 };
  let bps = voiceBps * (red ? 2 : 1) + 24_000;
  for (const [rid, layer] of Object.entries(layers)) if (camera[rid]?.active !== false) bps += 1.08 * Math.min(layer, camera[rid]?.maxBitrate ?? layer);
  return bps;
}

test('on a good line nothing is held back', () => {
  const uplink = readings(UNKNOWN_UPLINK, 0, 30, figures(4000));
  assert.deepEqual(caps(uplink, false), { camera: { q: { active: true }, h: { active: true }, f: { active: true } }, voiceBps: 32_000 });
});

test('150 kbit/s carry the voice and the small picture, even with redundancy', () => {
  for (const red of [false, true]) {
    const uplink = readings(UNKNOWN_UPLINK, 0, 6, figures(145), ALL, red);
    const { camera } = caps(uplink, red);
    assert.equal(camera.q?.active, true);
    assert.ok((camera.q?.maxBitrate ?? Infinity) <= 80_000);
    assert.deepEqual([camera.h?.active, camera.f?.active], [false, false]);
    assert.ok(most(uplink, red) <= 150_000, `${most(uplink, red)}`);
  }
});

test('the voice shrinks with the line and grows again only when there is room to spare', () => {
  const at = (/** @type {any} */ uplink, /** @type {number} */ kbps) => readings(uplink, 0, 6, figures(kbps));
  assert.equal(caps(at(UNKNOWN_UPLINK, 300), false).voiceBps, 24_000);
  const small = at(UNKNOWN_UPLINK, 120);
  assert.equal(caps(small, false).voiceBps, 16_000);
  assert.equal(caps(at(small, 155), false).voiceBps, 16_000);
  assert.equal(caps(at(small, 420), false).voiceBps, 24_000);
  assert.equal(caps(at(small, 600), false).voiceBps, 32_000);
});

test('one bad reading changes no picture', () => {
  let uplink = readings(UNKNOWN_UPLINK, 0, 2, figures(200));
  assert.equal(uplink.level, 3);
  uplink = judged(uplink, figures(3000), ALL, false, 8000);
  uplink = readings(uplink, 8000, 2, figures(200));
  assert.equal(uplink.level, 3);
});

test("heavy loss removes a layer even if the browser's estimate is high", () => {
  assert.equal(readings(UNKNOWN_UPLINK, 0, 2, figures(4000, { loss: 0.2 })).level, 2);
  assert.equal(readings(UNKNOWN_UPLINK, 0, 2, figures(null, { loss: 0.2, sent_kbps: 300 })).level, 1);
});

test('without an estimate and without loss nothing is held back', () => {
  assert.equal(readings(UNKNOWN_UPLINK, 0, 30, figures(null, { sent_kbps: 120 })).level, 3);
});

test('a small plan says nothing about the line', () => {
  assert.equal(readings(UNKNOWN_UPLINK, 0, 30, figures(200), ['q']).level, 3);
  const idle = readings(UNKNOWN_UPLINK, 0, 30, figures(100), []);
  assert.deepEqual([idle.level, caps(idle, false).voiceBps], [3, 32_000]);
});

test('after lowering, more is tried again, later each time it fails', () => {
  let uplink = UNKNOWN_UPLINK;
  /** @type {number[]} */ const raises = [];
  for (let now = READ_MS; now < 300_000; now += READ_MS) {
    const level = uplink.level;
    // The line carries 300: with f on the browser sees it, without it sees nothing wrong.
    uplink = judged(uplink, figures(uplink.level === 3 ? 300 : 320, { sent_kbps: 290 }), ALL, false, now);
    if (uplink.level > level) raises.push(now);
  }
  const gaps = raises.slice(1).map((at, n) => at - (raises[n] ?? 0));
  assert.ok(raises.length >= 2 && raises.length <= 9, `${raises}`);
  assert.ok(Math.max(...gaps) >= 50_000, `${gaps}`);
});

test('a line that has recovered has all its layers within half a minute', () => {
  let uplink = readings(UNKNOWN_UPLINK, 0, 6, figures(145));
  uplink = readings(uplink, 12_000, 18, figures(2000, { sent_kbps: 150 }));
  assert.equal(uplink.level, 3);
});

test("the browser's statistics become figures", () => {
  const reports = (/** @type {number} */ bytes) => [
    { type: 'outbound-rtp', bytesSent: bytes, headerBytesSent: 100 },
    { type: 'outbound-rtp', bytesSent: 0 },
    { type: 'remote-inbound-rtp', fractionLost: 0.02 },
    { type: 'remote-inbound-rtp', fractionLost: 0.07 },
    { type: 'candidate-pair', nominated: false, state: 'succeeded', availableOutgoingBitrate: 1 },
    { type: 'candidate-pair', nominated: true, state: 'succeeded', availableOutgoingBitrate: 640_000, currentRoundTripTime: 0.21 },
  ];
  const first = readUplink(reports(1000), null, 1000);
  assert.equal(first.figures.sent_kbps, 0);
  const { figures: seen } = readUplink(reports(51_000), first.mark, 3000);
  assert.deepEqual(seen, { available_kbps: 640, sent_kbps: 200, loss: 0.07, rtt_ms: 210 });
});

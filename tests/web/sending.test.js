// Which encodings are sent: the server's plan, the uplink's caps, and the browser's parameters.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { arranged, takesRed } from '../../web/media/answer.js';
import { Encodings, wishes, write } from '../../web/media/encodings.js';
import { jitterTarget } from '../../web/media/jitter.js';

const LAYERS = [
  { rid: 'q', maxBitrate: 100_000, maxFramerate: 15 },
  { rid: 'h', maxBitrate: 450_000 },
  { rid: 'f', maxBitrate: 1_500_000 },
];
const active = (/** @type {any} */ wished) => Object.keys(wished).filter((rid) => wished[rid].active).join('');

test('before the first plan everything is sent, then only what somebody receives', () => {
  assert.equal(active(wishes(LAYERS, null, {})), 'qhf');
  assert.equal(active(wishes(LAYERS, ['q', 'f'], {})), 'qf');
  assert.equal(active(wishes(LAYERS, [], {})), '');
  assert.equal(active(wishes(LAYERS, ['x'], {})), '');
});

test('caps never start what the plan has stopped, and never stop everything that is received', () => {
  const caps = { h: { active: false }, f: { active: false } };
  assert.equal(active(wishes(LAYERS, ['q', 'h', 'f'], caps)), 'q');
  assert.equal(active(wishes(LAYERS, ['f'], caps)), 'f');
  assert.equal(active(wishes(LAYERS, [], { q: { active: true } })), '');
});

test('the smaller of a layer and its cap is sent', () => {
  const { q } = wishes(LAYERS, null, { q: { maxBitrate: 75_000, maxFramerate: 30 } });
  assert.deepEqual([q?.maxBitrate, q?.maxFramerate], [75_000, 15]);
});

test('parameters keep their order and all fields that are not ours', () => {
  const encodings = [
    { rid: 'q', active: true, scaleResolutionDownBy: 4, maxBitrate: 100_000, maxFramerate: 15 },
    { rid: 'h', active: true, scaleResolutionDownBy: 2, maxBitrate: 450_000, maxFramerate: 30 },
    { rid: 'f', active: true, scaleResolutionDownBy: 1, maxBitrate: 1_500_000 },
  ];
  assert.equal(write(encodings, wishes(LAYERS, ['h'], {})), true);
  assert.deepEqual(encodings, [
    { rid: 'q', active: false, scaleResolutionDownBy: 4, maxBitrate: 100_000, maxFramerate: 15 },
    { rid: 'h', active: true, scaleResolutionDownBy: 2, maxBitrate: 450_000 },
    { rid: 'f', active: false, scaleResolutionDownBy: 1, maxBitrate: 1_500_000 },
  ]);
  assert.equal(write(encodings, wishes(LAYERS, ['h'], {})), false);
});

/** A sender as strict as a browser: parameters are good for one setParameters, and only when nothing came in between. */
function sender() {
  let now = { encodings: LAYERS.map((layer) => ({ ...layer, active: true })) };
  let given = /** @type {any} */ (null);
  /** @type {string[]} */ const history = [];
  /** @type {(() => void)[]} */ const waiting = [];
  return {
    history,
    waiting,
    getParameters: () => (given = structuredClone(now)),
    setParameters: async (/** @type {any} */ parameters) => {
      assert.equal(parameters, given, 'stale parameters');
      given = null;
      await new Promise((resolve) => waiting.push(() => resolve(undefined)));
      now = structuredClone(parameters);
      history.push(active(Object.fromEntries(now.encodings.map((one) => [one.rid, one]))));
    },
  };
}
const settle = async (/** @type {ReturnType<typeof sender>} */ one) => {
  for (let turn = 0; turn < 20; turn += 1) {
    one.waiting.shift()?.();
    await Promise.resolve();
  }
};

test('wishes that come quickly are carried out one at a time, and the newest wins', async () => {
  const one = sender();
  const encodings = new Encodings(/** @type {any} */ (one));
  for (const plan of [['q'], ['q', 'h'], ['f'], ['h']]) encodings.wish(wishes(LAYERS, plan, {}));
  await settle(one);
  assert.deepEqual(one.history, ['q', 'h']);
});

test('a wish that changes nothing does not call the browser', async () => {
  const one = sender();
  new Encodings(/** @type {any} */ (one)).wish(wishes(LAYERS, ['q', 'h', 'f'], {}));
  await settle(one);
  assert.deepEqual(one.history, []);
});

const ANSWER = [
  'v=0', 'o=- 1 1 IN IP4 0.0.0.0', 's=-', 't=0 0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111 63', 'a=mid:0', 'a=recvonly', 'a=rtpmap:111 opus/48000/2', 'a=rtpmap:63 red/48000/2', 'a=fmtp:63 111/111',
  'm=video 9 UDP/TLS/RTP/SAVPF 96 97', 'a=mid:1', 'a=rid:q recv', 'a=rid:h recv', 'a=rid:f recv', 'a=simulcast:recv q;h;f',
  'm=video 9 UDP/TLS/RTP/SAVPF 96 97', 'a=mid:2', 'a=simulcast:recv q;f',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111 63', 'a=mid:3', 'a=sendonly', 'a=rtpmap:63 red/48000/2', '',
].join('\r\n');

test("redundancy depends only on the order of payload types on the microphone's line", () => {
  const red = arranged(ANSWER, { red: true, paused: [] });
  assert.deepEqual(red.match(/m=audio.*/g), ['m=audio 9 UDP/TLS/RTP/SAVPF 63 111', 'm=audio 9 UDP/TLS/RTP/SAVPF 111 63']);
  assert.equal(arranged(red, { red: false, paused: [] }), ANSWER);
});

test('a server without redundancy is sent none', () => {
  const plain = ANSWER.replaceAll('a=rtpmap:63 red/48000/2\r\n', '').replaceAll(' 111 63', ' 111');
  assert.equal(takesRed(ANSWER), true);
  assert.equal(takesRed(plain), false);
  assert.equal(arranged(plain, { red: true, paused: [] }), plain);
});

test('what is stopped stays stopped when an answer is applied', () => {
  const shut = arranged(ANSWER, { red: false, paused: [['h', 'f'], ['q']] });
  assert.deepEqual(shut.match(/a=simulcast.*/g), ['a=simulcast:recv q;~h;~f', 'a=simulcast:recv ~q;f']);
  assert.equal(arranged(shut, { red: false, paused: [[], []] }), ANSWER);
});

test('text that is not an answer comes back unchanged', () => {
  for (const sdp of ['', 'v=0\r\n', 'nonsense']) assert.equal(arranged(sdp, { red: true, paused: [['q']] }), sdp);
});

test('voices wait longer on a lossy line, and one better report does not shorten that', () => {
  /** @type {number | null} */ let target = null;
  const seen = [0, 19, 20, 15, 80, 60, 45, 12, 9, 15].map((loss) => (target = jitterTarget(target, loss)));
  assert.deepEqual(seen, [null, null, 120, 120, 200, 200, 120, 120, null, null]);
});

// The one connection, with a fake browser: how it recovers after a cut, and what it applies.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Peer } from '../../web/media/peer.js';
import { FakeTimers } from './timers.js';

const ANSWER = [
  'v=0', 'm=audio 9 UDP/TLS/RTP/SAVPF 111 63', 'a=rtpmap:111 opus/48000/2', 'a=rtpmap:63 red/48000/2',
  'm=video 9 UDP/TLS/RTP/SAVPF 96', 'a=simulcast:recv q;h;f', 'm=video 9 UDP/TLS/RTP/SAVPF 96', 'a=simulcast:recv q;f', '',
].join('\r\n');

class Connection {
  /** @type {Connection[]} */ static all = [];
  connectionState = 'new';
  signalingState = 'stable';
  closed = false;
  /** @type {any} */ remoteDescription = null;
  /** @type {any} */ localDescription = null;
  /** @type {string[]} */ applied = [];
  restarts = 0;
  /** @type {any} */ onconnectionstatechange = null;
  /** @type {any[]} */ lines = [];
  /** @param {any} configuration */
  constructor(configuration) {
    this.configuration = configuration;
    Connection.all.push(this);
  }
  /** @param {string} kind @param {any} init */
  addTransceiver(kind, init) {
    const parameters = { encodings: (init.sendEncodings ?? [{}]).map((/** @type {any} */ one) => ({ active: true, ...one })) };
    const line = {
      mid: String(this.lines.length),
      receiver: { track: { kind }, jitterBufferTarget: null },
      sender: {
        replaceTrack: async () => undefined,
        getParameters: () => structuredClone(parameters),
        setParameters: async (/** @type {any} */ next) => Object.assign(parameters, structuredClone(next)),
      },
      active: () => parameters.encodings.filter((/** @type {any} */ one) => one.active).map((/** @type {any} */ one) => one.rid).join(''),
    };
    this.lines.push(line);
    return line;
  }
  getConfiguration() {
    return this.configuration;
  }
  /** @param {any} configuration */
  setConfiguration(configuration) {
    this.configuration = configuration;
  }
  /** @param {{iceRestart?: boolean}} [how] */
  async createOffer(how) {
    if (how?.iceRestart) this.restarts += 1;
    return { type: 'offer', sdp: 'offer' };
  }
  /** @param {any} description */
  async setLocalDescription(description) {
    this.signalingState = description.type === 'rollback' ? 'stable' : 'have-local-offer';
    if (description.type === 'offer') this.localDescription = description;
  }
  /** @param {any} description */
  async setRemoteDescription(description) {
    this.signalingState = 'stable';
    this.remoteDescription = description;
    this.applied.push(description.sdp);
  }
  async getStats() {
    return new Map();
  }
  close() {
    this.closed = true;
  }
  /** @param {string} state */
  become(state) {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
}

/** A peer that was answered and is connected. @param {import('node:test').TestContext} context */
async function connected(context) {
  const timers = new FakeTimers();
  context.after(() => timers.restore());
  Connection.all = [];
  Object.assign(globalThis, {
    RTCPeerConnection: Connection,
    RTCRtpReceiver: { getCapabilities: () => ({ codecs: [] }) },
    MediaStream: class {
      addTrack() {}
      getTracks() {
        return [];
      }
    },
  });
  /** @type {any[]} */ const sent = [];
  /** @type {string[]} */ const told = [];
  const net = { online: true, answers: true, number: 0 };
  const settle = async () => {
    for (let n = 0; n < 40; n += 1) await Promise.resolve();
  };
  const peer = new Peer(/** @type {any} */ ({
    online: () => net.online,
    number: () => (net.number += 1),
    iceServers: () => [{ urls: ['turn:192.0.2.7:443'], username: `u${net.number}`, credential: 'c' }],
    tell: (/** @type {string} */ media) => told.push(media),
    devices: { track: () => null },
    sound: { play() {}, stop() {} },
    send: (/** @type {any} */ message) => {
      if (!net.online) return false;
      sent.push(message);
      if (net.answers) queueMicrotask(() => peer.answer({ type: 'answer', sdp: ANSWER, restart: message.restart, to: message.id }));
      return true;
    },
  }));
  const pass = async (/** @type {number} */ ms) => {
    for (let gone = 0; gone < ms; gone += 500) {
      timers.tick(500);
      await settle();
    }
  };
  peer.open();
  await settle();
  const [pc] = /** @type {[Connection]} */ (Connection.all);
  pc.become('connected');
  return { peer, pc, sent, told, net, pass, settle };
}

test('the same connection survives a cut of ten seconds', async (context) => {
  const { pc, sent, told, net, pass } = await connected(context);
  net.answers = false;
  pc.become('disconnected');
  assert.equal(told.at(-1), 'reconnecting');
  await pass(5500);
  assert.deepEqual(sent.map(({ restart }) => restart), [false, true]);
  pc.become('connected');
  await pass(60_000);
  assert.equal(told.at(-1), 'connected');
  assert.equal(Connection.all.length, 1);
});

test('a new path is sought at once when the old one has failed', async (context) => {
  const { pc, sent, settle } = await connected(context);
  pc.become('failed');
  await settle();
  assert.equal(sent.at(-1).restart, true);
  assert.equal(pc.restarts, 1);
});

test('without a session nothing is thrown away; with the session a path is sought again', async (context) => {
  const { peer, pc, sent, net, pass, settle } = await connected(context);
  net.online = false;
  pc.become('disconnected');
  pc.become('failed');
  await pass(60_000);
  assert.deepEqual([Connection.all.length, pc.closed], [1, false]);
  net.online = true;
  peer.resume();
  await settle();
  assert.equal(sent.at(-1).restart, true);
  pc.become('connected');
  await pass(60_000);
  assert.equal(Connection.all.length, 1);
});

test('if the server answers but no path is found, a new connection is made', async (context) => {
  const { pc, pass } = await connected(context);
  pc.become('failed');
  await pass(13_000);
  assert.equal(Connection.all.length, 2);
  assert.equal(pc.closed, true);
});

test("on another network a new path is sought at once, with the relay's newest password", async (context) => {
  const { peer, pc, sent, told, settle, pass } = await connected(context);
  peer.networkChanged();
  peer.networkChanged();
  await settle();
  assert.deepEqual(sent.map(({ restart }) => restart), [false, true]);
  assert.equal(pc.configuration.iceServers[0].username, 'u1');
  await pass(60_000);
  assert.deepEqual([told.at(-1), Connection.all.length], ['connected', 1]);
});

test('a plan is carried out without a message to the server, and survives a new answer', async (context) => {
  const { peer, pc, sent, settle } = await connected(context);
  peer.plan({ type: 'send-plan', camera: ['q'], screen: [], red: true });
  await settle();
  assert.equal(sent.length, 1);
  assert.deepEqual([pc.lines[1].active(), pc.lines[2].active()], ['q', '']);
  assert.match(pc.applied.at(-1) ?? '', /SAVPF 63 111\r\n[^]*recv q;~h;~f\r\n[^]*recv ~q;~f/);
  peer.restart();
  await settle();
  assert.match(pc.applied.at(-1) ?? '', /SAVPF 63 111\r\n[^]*recv q;~h;~f/);
  peer.plan({ type: 'send-plan', camera: ['q', 'f'], screen: ['f'], red: false });
  await settle();
  assert.deepEqual([pc.lines[1].active(), pc.lines[2].active()], ['qf', 'f']);
  assert.match(pc.applied.at(-1) ?? '', /SAVPF 111 63\r\n/);
});

test('voices and pictures wait longer on a lossy line, on this connection and on the next', async (context) => {
  const { peer, pc, settle } = await connected(context);
  peer.line(/** @type {any} */ ({ loss_down: 90, rtt_ms: 100 }));
  assert.deepEqual(pc.lines.slice(3, 6).map((line) => line.receiver.jitterBufferTarget), [200, 200, 200]);
  assert.equal(pc.lines[7].receiver.jitterBufferTarget, 360);
  peer.open();
  await settle();
  assert.equal(Connection.all[1]?.lines[3].receiver.jitterBufferTarget, 200);
});

// The connection to the server, with a fake clock and fake sockets: it greets, measures and reconnects.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { Connection, DOUBT_MS, FIRST_PING_MS, MAX_WAIT_MS, PING_MS, SILENCE_MS } from '../../web/link/connection.js';
import { passing } from '../../web/state/store.js';

const WELCOME = readFileSync(new URL('../../signaling/protocol/schema/examples/valid/welcome.outside.json', import.meta.url), 'utf8');
const HELLO = /** @type {const} */ ({ type: 'hello', protocol: 1, meeting: 'giao-ban' });

class Socket {
  readyState = 1;
  /** @type {any[]} */ sent = [];
  closed = false;
  /** @type {any} */ onopen = null;
  /** @type {any} */ onmessage = null;
  /** @type {any} */ onclose = null;
  /** @param {string} data */
  send(data) {
    this.sent.push(JSON.parse(data));
  }
  close() {
    this.closed = true;
  }
  /** @param {unknown} message */
  hear(message) {
    this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) });
  }
}

/** A connection, what it told, its sockets, and a clock that is moved by hand. */
function line() {
  /** @type {Socket[]} */ const sockets = [];
  /** @type {any[]} */ const heard = [];
  /** @type {string[]} */ const online = [];
  /** @type {number[]} */ const delays = [];
  /** @type {number[]} */ const seen = [];
  /** @type {Map<number, {at: number, act: () => void}>} */ const timers = new Map();
  let now = 0;
  let last = 0;
  const connection = new Connection(
    {
      hello: (count) => {
        seen.push(count);
        return HELLO;
      },
      message: (message) => heard.push(message.type),
      online: (word) => online.push(word),
      delay: (ms) => delays.push(ms),
      comeBack: passing,
    },
    {
      open: () => {
        sockets.push(new Socket());
        return /** @type {Socket} */ (sockets.at(-1));
      },
      nowMs: () => now,
      random: () => 1,
      after: (act, ms) => {
        timers.set((last += 1), { at: now + ms, act });
        return last;
      },
      cancel: (timer) => timers.delete(timer),
    },
  );
  /** @param {number} ms */
  const pass = (ms) => {
    const end = now + ms;
    for (;;) {
      const due = [...timers].filter(([, timer]) => timer.at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      timers.delete(due[0]);
      now = Math.max(now, due[1].at);
      due[1].act();
    }
    now = end;
  };
  const socket = () => /** @type {Socket} */ (sockets.at(-1));
  const welcomed = () => {
    connection.start();
    socket().onopen();
    socket().hear(WELCOME);
  };
  return { connection, sockets, heard, online, delays, seen, timers, pass, socket, welcomed };
}

test('hello is sent first, and nothing else before the welcome', () => {
  const { connection, socket, online } = line();
  connection.start();
  assert.equal(connection.send({ type: 'leave' }), false);
  socket().onopen();
  assert.deepEqual(socket().sent, [HELLO]);
  assert.equal(connection.send({ type: 'leave' }), false);
  socket().hear(WELCOME);
  assert.equal(connection.send({ type: 'leave' }), true);
  assert.equal(online.at(-1), 'online');
});

test('the delay is the round trip of a ping', () => {
  const { welcomed, socket, pass, delays } = line();
  welcomed();
  pass(FIRST_PING_MS);
  const ping = socket().sent.at(-1);
  assert.equal(ping.type, 'ping');
  pass(80);
  socket().hear({ type: 'pong', t: ping.t });
  assert.deepEqual(delays, [80]);
});

test('a connection that is cut is tried again, after longer and longer waits up to the longest', () => {
  const { welcomed, socket, sockets, pass, online } = line();
  welcomed();
  socket().onclose();
  assert.equal(online.at(-1), 'reconnecting');
  const waits = [];
  for (let attempt = 0; attempt < 8; attempt += 1) {
    const before = sockets.length;
    let waited = 0;
    while (sockets.length === before) {
      pass(100);
      waited += 100;
    }
    waits.push(waited);
    socket().onclose();
  }
  assert.deepEqual(waits, [...waits].sort((a, b) => a - b));
  assert.ok(waits[0] !== undefined && waits[0] < 1000);
  assert.equal(waits.at(-1), MAX_WAIT_MS);
});

test('after a welcome the waits start short again', () => {
  const { welcomed, socket, sockets, pass } = line();
  welcomed();
  for (let attempt = 0; attempt < 5; attempt += 1) {
    socket().onclose();
    pass(MAX_WAIT_MS);
  }
  socket().onopen();
  socket().hear(WELCOME);
  const before = sockets.length;
  socket().onclose();
  pass(1000);
  assert.equal(sockets.length, before + 1);
});

test('a connection that is silent for long is dead, even if nobody closed it', () => {
  const { welcomed, socket, sockets, pass } = line();
  welcomed();
  const silent = socket();
  pass(SILENCE_MS + 2 * PING_MS);
  assert.equal(silent.closed, true);
  assert.ok(sockets.length > 1);
});

test('a connection that answers is left alone', () => {
  const { welcomed, socket, sockets, pass } = line();
  welcomed();
  for (let beat = 0; beat < 20; beat += 1) {
    pass(PING_MS);
    socket().hear({ type: 'pong', t: socket().sent.at(-1).t });
  }
  assert.equal(sockets.length, 1);
});

test('after a final goodbye the client does not reconnect', () => {
  const { welcomed, socket, sockets, pass, heard, timers } = line();
  welcomed();
  socket().hear({ type: 'bye', code: 'kicked', reason: 'x' });
  pass(60_000);
  assert.equal(sockets.length, 1);
  assert.equal(heard.at(-1), 'bye');
  assert.equal(timers.size, 0);
});

test('the client waits for a server that restarts', () => {
  const { welcomed, socket, sockets, pass } = line();
  welcomed();
  socket().hear({ type: 'bye', code: 'shutting-down' });
  pass(1000);
  assert.equal(sockets.length, 2);
});

test('a frame that is not a message changes nothing', (context) => {
  context.mock.method(console, 'warn', () => undefined);
  const { welcomed, socket, sockets, heard } = line();
  welcomed();
  for (const frame of ['', '{', '[]', '{"type":"roster"}', '{"type":"__proto__"}']) socket().hear(frame);
  assert.deepEqual(heard, ['welcome']);
  assert.equal(sockets.length, 1);
});

test('nothing is heard from an old socket', () => {
  const { welcomed, socket, sockets, pass, heard } = line();
  welcomed();
  socket().onclose();
  pass(1000);
  sockets[0]?.hear({ type: 'bye', code: 'kicked' });
  assert.deepEqual(heard, ['welcome']);
});

test('hurrying skips the wait, and does nothing to a connection that is up', () => {
  const { connection, welcomed, socket, sockets } = line();
  welcomed();
  connection.hurry();
  assert.equal(sockets.length, 1);
  socket().onclose();
  connection.hurry();
  assert.equal(sockets.length, 2);
});

test('a client that comes back says how many messages of its last session have arrived', (context) => {
  context.mock.method(console, 'warn', () => undefined);
  const { welcomed, socket, pass, seen } = line();
  welcomed();
  socket().hear({ type: 'seat', seat: 'waiting' });
  socket().hear({ type: 'pong', t: 1 });
  socket().hear({ type: 'of-a-newer-server' });
  socket().onclose();
  pass(1000);
  socket().onopen();
  socket().onclose();
  pass(2000);
  socket().onopen();
  socket().hear(WELCOME);
  socket().onclose();
  pass(1000);
  socket().onopen();
  assert.deepEqual(seen, [0, 4, 4, 1]);
});

test('after a change of network a connection that does not answer soon is given up', () => {
  const { connection, welcomed, socket, sockets, pass } = line();
  welcomed();
  pass(100);
  connection.hurry();
  assert.equal(socket().sent.at(-1).type, 'ping');
  pass(DOUBT_MS + 1000);
  assert.equal(sockets.length, 2);
});

test('after a change of network a connection that answers is kept', () => {
  const { connection, welcomed, socket, sockets, pass } = line();
  welcomed();
  pass(100);
  connection.hurry();
  pass(300);
  socket().hear({ type: 'pong', t: socket().sent.at(-1).t });
  pass(DOUBT_MS);
  assert.equal(sockets.length, 1);
});

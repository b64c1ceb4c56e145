/**
 * The WebSocket: says hello, measures the delay, notices a dead connection and reconnects by itself. It understands only
 * two messages besides `pong`: `welcome` ends a series of attempts, `bye` ends the session.
 */

import { BadMessage, readUntrusted } from '../protocol/reader.js';

/** @typedef {import('../protocol/client.js').ClientMessage} ClientMessage */
/** @typedef {import('../protocol/server.js').ServerMessage} ServerMessage */
/** @typedef {{readyState: number, send(data: string): void, close(): void, onopen: any, onmessage: any, onclose: any}} Socket */
/**
 * @typedef {object} Surroundings replaced by tests
 * @property {() => Socket} open
 * @property {() => number} nowMs monotonic
 * @property {() => number} random 0..1
 * @property {(act: () => void, ms: number) => number} after
 * @property {(timer: number) => void} cancel
 */
/**
 * @typedef {object} Told
 * @property {(seen: number) => import('../protocol/client.js').Hello} hello makes the hello of each session; `seen`: how
 *   many messages of the previous session have arrived
 * @property {(message: ServerMessage) => void} message
 * @property {(online: import('../state/store.js').Online) => void} online
 * @property {(ms: number) => void} delay
 * @property {(code: string) => boolean} comeBack whether to reconnect after this goodbye
 */

export const FIRST_WAIT_MS = 500;
export const MAX_WAIT_MS = 8000;
export const PING_MS = 5000;
/** A page that is building its first screen answers late, and would measure a delay that is not the network's. */
export const FIRST_PING_MS = 1500;
/** After this long without a message the connection counts as dead; pongs come every `PING_MS`. */
export const SILENCE_MS = 12_000;
/** The same when there is reason for doubt and a ping was just sent. */
export const DOUBT_MS = 4000;
const OPEN = 1;

/**
 * How long to wait before the next attempt: doubled each time and spread out, so that forty stations do not return at once.
 * @param {number} attempt from 0
 * @param {number} random 0..1
 */
export function waitMs(attempt, random) {
  const full = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempt, 16));
  return Math.round(full * (0.5 + random / 2));
}

/** @returns {Surroundings} */
function browser() {
  const { protocol, host } = location;
  const url = `${protocol === 'https:' ? 'wss' : 'ws'}://${host}/ws`;
  return {
    open: () => new WebSocket(url),
    nowMs: () => Math.round(performance.now()),
    random: Math.random,
    after: (act, ms) => window.setTimeout(act, ms),
    cancel: (timer) => window.clearTimeout(timer),
  };
}

export class Connection {
  /** @type {Socket | null} */ #socket = null;
  #wanted = false;
  #welcomed = false;
  #attempt = 0;
  #heardMs = 0;
  /** Messages of the newest session, its welcome included. */ #seen = 0;
  /** @type {number | null} */ #retry = null;
  /** @type {number | null} */ #beat = null;
  /** @type {number | null} */ #doubt = null;
  #told;
  #around;

  /** @param {Told} told @param {Surroundings} [around] */
  constructor(told, around = browser()) {
    this.#told = told;
    this.#around = around;
  }

  /** Connect, and stay connected until `stop` or a final goodbye. */
  start() {
    this.stop();
    this.#wanted = true;
    this.#attempt = 0;
    this.#told.online('connecting');
    this.#connect();
  }

  stop() {
    this.#wanted = false;
    this.#drop();
    this.#told.online('offline');
  }

  /**
   * The network is back or has changed, or the page is visible again: do not wait for the next attempt, and check whether
   * the old connection still works.
   */
  hurry() {
    if (this.#wanted && this.#retry !== null) this.#connect();
    else if (this.#welcomed && this.#doubt === null) {
      const asked = this.#around.nowMs();
      this.#ping();
      this.#doubt = this.#around.after(() => {
        this.#doubt = null;
        if (this.#heardMs <= asked) this.#lost();
      }, DOUBT_MS);
    }
  }

  /** @param {ClientMessage} message @returns {boolean} false: there is no session */
  send(message) {
    if (!this.#socket || !this.#welcomed || this.#socket.readyState !== OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #connect() {
    this.#drop();
    const socket = this.#around.open();
    this.#socket = socket;
    this.#heardMs = this.#around.nowMs();
    socket.onopen = () => socket.send(JSON.stringify(this.#told.hello(this.#seen)));
    socket.onmessage = (/** @type {{data: unknown}} */ event) => this.#take(event.data);
    socket.onclose = () => this.#lost();
    this.#schedule(PING_MS);
  }

  /** @param {unknown} frame */
  #take(frame) {
    this.#heardMs = this.#around.nowMs();
    if (this.#welcomed) this.#seen += 1; // also messages that this page cannot read
    /** @type {ServerMessage} */
    let message;
    try {
      message = readUntrusted(frame);
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      console.warn('bad-message', error.message);
      return;
    }
    if (message.type === 'pong') {
      this.#told.delay(Math.max(0, this.#heardMs - message.t));
      return;
    }
    if (message.type === 'welcome') {
      this.#welcomed = true;
      this.#seen = 1;
      this.#attempt = 0;
      this.#told.online('online');
      this.#schedule(FIRST_PING_MS);
    }
    if (message.type === 'bye') this.#goodbye(message.code);
    this.#told.message(message);
  }

  /** @param {string} code */
  #goodbye(code) {
    if (this.#told.comeBack(code)) this.#lost();
    else this.stop();
  }

  #lost() {
    this.#drop();
    if (!this.#wanted) return;
    this.#told.online(this.#attempt === 0 ? 'reconnecting' : 'offline');
    const ms = waitMs(this.#attempt, this.#around.random());
    this.#attempt += 1;
    this.#retry = this.#around.after(() => this.#connect(), ms);
  }

  /** @param {number} ms until the next beat; it replaces one that was due */
  #schedule(ms) {
    if (this.#beat !== null) this.#around.cancel(this.#beat);
    this.#beat = this.#around.after(() => this.#onBeat(), ms);
  }

  #onBeat() {
    if (this.#around.nowMs() - this.#heardMs >= SILENCE_MS) {
      this.#lost();
      return;
    }
    this.#ping();
    this.#schedule(PING_MS);
  }

  #ping() {
    this.send({ type: 'ping', t: this.#around.nowMs() });
  }

  /** Forget socket and timers. Nothing is heard from the old socket any more. */
  #drop() {
    if (this.#retry !== null) this.#around.cancel(this.#retry);
    if (this.#beat !== null) this.#around.cancel(this.#beat);
    if (this.#doubt !== null) this.#around.cancel(this.#doubt);
    this.#retry = this.#beat = this.#doubt = null;
    this.#welcomed = false;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}

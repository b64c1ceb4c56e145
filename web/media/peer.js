/**
 * The one RTCPeerConnection to the media plane: offers once, restarts ICE when the path is lost, starts afresh when the
 * server says so. Negotiations are done one at a time.
 */

import { WORDS } from '../protocol/words.js';
import { arranged, takesRed } from './answer.js';
import { jitterTarget, pictureTarget } from './jitter.js';
import { addLines } from './lines.js';
import { Sending } from './sending.js';

/** @typedef {import('../protocol/words.js').Source} Source */
/** @typedef {import('../protocol/server.js').Answer} Answer */
/** @typedef {import('../protocol/server.js').SendPlan} SendPlan */
/**
 * @typedef {object} Around
 * @property {(message: import('../protocol/client.js').ClientMessage) => boolean} send
 * @property {() => boolean} online whether there is a session to send it in
 * @property {() => number} number the next message's number
 * @property {() => readonly RTCIceServer[]} iceServers
 * @property {(media: import('../state/store.js').Media) => void} tell
 * @property {import('./devices.js').Devices} devices
 * @property {import('./sound.js').Sound} sound
 */

const ANSWER_MS = 10_000;
/** Chromium says "disconnected" after a hiccup, too. */
const DISCONNECTED_MS = 5000;
const RESTART_MS = 12_000;
const RETRY_MS = 5000;

export class Peer {
  /** @type {RTCPeerConnection | null} readable for tests and statistics */ pc = null;
  #around;
  /** @type {Promise<void>} */ #work = Promise.resolve();
  /** @type {((answer: Answer | null) => void) | null} */ #awaited = null;
  /** Number of the newest offer; an answer to an older one is for a connection that is gone. */ #offers = 0;
  /** @type {Map<string, MediaStream>} */ #streams = new Map();
  /** @type {Record<Source, RTCRtpSender> | null} */ #senders = null;
  /** @type {Sending | null} */ #sending = null;
  /** @type {RTCRtpReceiver[]} */ #receivers = [];
  /** The least delay before received media are played. @type {{audio: number | null, video: number | null}} */ #waitMs = { audio: null, video: null };
  /** The answer as the server wrote it. */ #answer = '';
  /** Whether the voice is sent with redundancy now. */ #red = false;
  #restarting = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #life = 0;
  #wanted = false;
  /** A new connection is being offered. */ #opening = false;

  /** @param {Around} around */
  constructor(around) {
    this.#around = around;
  }

  /** What arrives on a receiving line; the same object for as long as the page lives. @param {string} mid @returns {MediaStream} */
  stream(mid) {
    let stream = this.#streams.get(mid);
    if (!stream) this.#streams.set(mid, (stream = new MediaStream()));
    return stream;
  }

  /** The server has no transport of ours. While an offer is on its way, that refers to the previous one. */
  lost() {
    if (!this.#opening) this.open();
  }

  /** Open a new connection in place of the old one. */
  open() {
    this.#wanted = true;
    const life = this.#discard();
    this.#opening = true;
    this.#around.tell('connecting');
    this.#enqueue(() => this.#begin(life));
  }

  /** The person has left the room. */
  close() {
    this.#wanted = false;
    this.#discard();
    this.#around.sound.stop();
    this.#around.tell('none');
  }

  /** There is a session again: offer what could not be offered without one. */
  resume() {
    if (!this.#wanted) return;
    if (!this.pc || !this.pc.remoteDescription) this.open();
    else if (this.pc.connectionState !== 'connected') this.restart();
  }

  /** The network has changed or is back: what looks connected may not be, and the browser is slow to notice. */
  networkChanged() {
    if (this.#wanted && this.pc?.remoteDescription) this.restart();
  }

  /** The server's plan of the encodings that somebody receives. @param {SendPlan} plan */
  plan(plan) {
    this.#sending?.follow(plan);
    if (plan.red !== this.#red) this.#enqueue(() => this.#switchRed());
  }

  /** A new measurement of the line. @param {import('../protocol/views.js').LineView} line */
  line(line) {
    const before = this.#waitMs;
    const audio = jitterTarget(before.audio, line.loss_down);
    const video = pictureTarget(before.video, audio, line.rtt_ms);
    if (audio === before.audio && video === before.video) return;
    this.#waitMs = { audio, video };
    this.#setWaits();
  }

  /** @param {Answer} answer */
  answer(answer) {
    if (answer.to === this.#offers) this.#awaited?.(answer);
  }

  /** An offer was refused. @param {string} code @param {number} to its number */
  refused(code, to) {
    if (to !== this.#offers) return;
    if (code === 'bad-offer') this.#wanted = false; // the next offer would be the same
    this.#awaited?.(null);
    this.#around.tell('failed');
  }

  /** Find a new path for the same connection. */
  restart() {
    const life = this.#life;
    if (this.pc?.connectionState !== 'connected') {
      this.#around.tell('reconnecting');
      this.#later(RESTART_MS, () => this.#giveUp());
    }
    if (this.#restarting) return;
    this.#restarting = true;
    this.#enqueue(async () => {
      if (life !== this.#life) return;
      this.#restarting = false;
      if (!this.pc || this.pc.signalingState !== 'stable') return;
      await this.#negotiate(this.pc, true);
    });
  }

  /** No path was found. Without a session we cannot open a new connection, and the old one may still recover. */
  #giveUp() {
    if (this.#around.online()) this.open();
    else this.#later(RESTART_MS, () => this.#giveUp());
  }

  /** Drop whatever is under way. @returns {number} the new life */
  #discard() {
    clearTimeout(this.#timer);
    this.#opening = this.#restarting = this.#red = false;
    this.#awaited?.(null);
    this.#sending?.stop();
    this.#sending = null;
    this.#receivers = [];
    this.#work = Promise.resolve(); // requests to a closed connection are never answered
    const pc = this.pc;
    this.pc = this.#senders = null;
    if (pc) {
      pc.onconnectionstatechange = null;
      pc.close();
    }
    for (const stream of this.#streams.values()) for (const track of stream.getTracks()) stream.removeTrack(track);
    return (this.#life += 1);
  }

  /** @param {() => Promise<void>} piece */
  #enqueue(piece) {
    const life = this.#life;
    this.#work = this.#work.then(piece).catch((error) => {
      if (life !== this.#life) return;
      console.warn('media-failed', error);
      if (!this.#wanted) return;
      this.#around.tell('failed');
      this.#later(RETRY_MS, () => this.open());
    });
  }

  /** @param {number} life */
  async #begin(life) {
    if (life !== this.#life) return;
    const pc = new RTCPeerConnection({ iceServers: [...this.#around.iceServers()], bundlePolicy: 'max-bundle' });
    this.pc = pc;
    const { senders, receivers } = addLines(pc);
    this.#senders = senders;
    this.#sending = new Sending(pc, senders);
    pc.onconnectionstatechange = () => this.#changed(pc);
    await Promise.all(WORDS.Source.map((source) => this.refresh(source)));
    const answered = await this.#negotiate(pc, false);
    if (pc !== this.pc) return;
    this.#opening = false;
    if (!answered) {
      this.#later(RETRY_MS, () => this.resume());
      return;
    }
    for (const line of receivers) if (line.mid !== null) this.stream(line.mid).addTrack(line.receiver.track);
    const audio = receivers.filter((line) => line.receiver.track.kind === 'audio');
    this.#receivers = receivers.map((line) => line.receiver);
    this.#setWaits();
    this.#around.sound.play(audio.map((line) => ({ mid: String(line.mid), stream: this.stream(String(line.mid)) })));
  }

  /**
   * Offer and wait for the answer.
   * @param {RTCPeerConnection} pc
   * @param {boolean} restart
   * @returns {Promise<boolean>} false when there was none
   */
  async #negotiate(pc, restart) {
    if (restart) pc.setConfiguration({ ...pc.getConfiguration(), iceServers: [...this.#around.iceServers()] }); // the relay's password expires
    await pc.setLocalDescription(await pc.createOffer({ iceRestart: restart }));
    if (pc !== this.pc) return false;
    const answered = this.#await();
    const id = (this.#offers = this.#around.number());
    const sdp = pc.localDescription?.sdp ?? '';
    if (!this.#around.send({ type: 'offer', sdp, restart, id })) this.#awaited?.(null); // `resume` tries again
    const answer = await answered;
    if (pc !== this.pc) return false;
    if (!answer) {
      if (restart) await pc.setLocalDescription({ type: 'rollback' });
      return false;
    }
    if (pc.connectionState !== 'connected') this.#later(RESTART_MS, () => this.#giveUp());
    this.#answer = answer.sdp;
    await this.#apply(pc);
    return true;
  }

  /** Apply the answer, with what this side decides. @param {RTCPeerConnection} pc has made its offer */
  async #apply(pc) {
    const red = (this.#sending?.red ?? false) && takesRed(this.#answer);
    await pc.setRemoteDescription({ type: 'answer', sdp: arranged(this.#answer, { red, paused: this.#sending?.paused ?? [] }) });
    if (pc !== this.pc) return;
    this.#red = red;
    this.#sending?.again();
  }

  /**
   * Chromium 156 accepts `encodings[0].codec = audio/red` but goes on with plain Opus. It obeys the order of the line's
   * payload types in the answer, so we apply the same answer again; the server need not know (2026-11).
   */
  async #switchRed() {
    const { pc } = this;
    const wanted = this.#sending?.red ?? false;
    if (!pc?.remoteDescription || pc.signalingState !== 'stable' || wanted === this.#red || !takesRed(this.#answer)) return;
    try {
      await pc.setLocalDescription(await pc.createOffer());
      if (pc === this.pc) await this.#apply(pc);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      console.warn('red-not-switched', error.name); // the voice goes on unchanged
      if (/** @type {string} */ (pc.signalingState) === 'have-local-offer') await pc.setLocalDescription({ type: 'rollback' });
    }
  }

  #setWaits() {
    for (const receiver of this.#receivers) {
      const kind = receiver.track.kind === 'audio' ? 'audio' : 'video';
      if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = this.#waitMs[kind];
    }
  }

  /** @returns {Promise<Answer | null>} */
  #await() {
    return new Promise((resolve) => {
      const late = setTimeout(() => this.#awaited?.(null), ANSWER_MS);
      this.#awaited = (answer) => {
        clearTimeout(late);
        this.#awaited = null;
        resolve(answer);
      };
    });
  }

  /** @param {RTCPeerConnection} pc */
  #changed(pc) {
    if (pc !== this.pc) return;
    switch (pc.connectionState) {
      case 'connected':
        clearTimeout(this.#timer);
        this.#around.tell('connected');
        break;
      case 'disconnected':
        this.#around.tell('reconnecting');
        this.#later(DISCONNECTED_MS, () => this.restart());
        break;
      case 'failed':
        this.restart();
        break;
      default:
    }
  }

  /** What to do after this time unless something else happens first; replaces what was planned before. @param {number} ms @param {() => void} act */
  #later(ms, act) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, ms);
  }

  /** Put the source's current track, or none, on its line. @param {Source} source */
  async refresh(source) {
    try {
      await this.#senders?.[source].replaceTrack(this.#around.devices.track(source));
    } catch (error) {
      // The connection was closed in the meantime; the next one takes the track.
      if (!(error instanceof DOMException)) throw error;
    }
  }
}

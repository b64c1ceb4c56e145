/** What one connection sends: carries out the server's plan and the uplink's caps on the senders, without negotiation. */

import { Encodings, wishes } from './encodings.js';
import { CAMERA_LAYERS, SCREEN_LAYERS } from './lines.js';
import { READ_MS, UNKNOWN_UPLINK, caps, judged, readUplink } from './uplink.js';

/** @typedef {import('../protocol/server.js').SendPlan} SendPlan */
/** @typedef {import('../protocol/words.js').Source} Source */

export class Sending {
  #pc;
  #encodings;
  /** @type {SendPlan | null} */ #plan = null;
  #uplink = UNKNOWN_UPLINK;
  /** @type {import('./uplink.js').Mark | null} */ #mark = null;
  /** @type {ReturnType<typeof setInterval>} */ #timer;

  /**
   * @param {RTCPeerConnection} pc
   * @param {Record<Source, RTCRtpSender>} senders
   */
  constructor(pc, senders) {
    this.#pc = pc;
    this.#encodings = {
      microphone: new Encodings(senders.microphone),
      camera: new Encodings(senders.camera),
      screen: new Encodings(senders.screen),
    };
    this.#timer = setInterval(() => void this.#read(), READ_MS);
  }

  stop() {
    clearInterval(this.#timer);
  }

  get red() {
    return this.#plan?.red ?? false;
  }

  /** Rids that are stopped now, of the camera's line and of the screen's. @returns {string[][]} */
  get paused() {
    const wished = this.#wished();
    return [wished.camera, wished.screen].map((encodings) => Object.keys(encodings).filter((rid) => !encodings[rid]?.active));
  }

  /** @param {SendPlan} plan */
  follow(plan) {
    this.#plan = plan;
    this.#carryOut();
  }

  /** A description was applied: Firefox and Chromium each forget some of the parameters then. */
  again() {
    this.#carryOut();
    for (const encodings of Object.values(this.#encodings)) encodings.again();
  }

  #wished() {
    const { camera, voiceBps } = caps(this.#uplink, this.red);
    return {
      microphone: { '': { active: true, maxBitrate: voiceBps, maxFramerate: Infinity } },
      camera: wishes(CAMERA_LAYERS, this.#plan?.camera ?? null, camera),
      screen: wishes(SCREEN_LAYERS, this.#plan?.screen ?? null, {}),
    };
  }

  #carryOut() {
    const wished = this.#wished();
    this.#encodings.microphone.wish(wished.microphone);
    this.#encodings.camera.wish(wished.camera);
    this.#encodings.screen.wish(wished.screen);
  }

  async #read() {
    if (this.#pc.connectionState !== 'connected') {
      this.#mark = null;
      return;
    }
    const reports = await this.#pc.getStats();
    const now = performance.now();
    const { figures, mark } = readUplink(reports.values(), this.#mark, now);
    const first = this.#mark === null;
    this.#mark = mark;
    if (first) return;
    const before = this.#uplink;
    const wanted = this.#plan?.camera ?? CAMERA_LAYERS.map(({ rid }) => rid);
    this.#uplink = judged(before, figures, wanted, this.red, now);
    if (this.#uplink.level !== before.level || this.#uplink.voice !== before.voice) this.#carryOut();
  }
}

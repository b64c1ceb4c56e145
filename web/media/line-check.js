/**
 * The line check before admission: a separate connection for a few seconds, with the same lines as the real one, that
 * reaches nobody. The server measures one side and the browser the other.
 */

import { NO_CHECK, verdict } from '../state/verdict.js';
import { addLines } from './lines.js';
import { readUplink } from './uplink.js';

/** @typedef {import('../protocol/views.js').LineView} LineView */
/** @typedef {import('../protocol/server.js').Answer} Answer */
/** @typedef {import('../state/verdict.js').Check} Check */
/**
 * @typedef {object} Around
 * @property {(message: import('../protocol/client.js').ClientMessage) => boolean} send
 * @property {(check: Check) => void} tell
 * @property {() => number} number the next message's number
 * @property {() => readonly RTCIceServer[]} iceServers
 * @property {(source: 'camera' | 'microphone') => MediaStreamTrack | null} track
 * @property {() => RTCPeerConnection} [connect] replaced by tests
 */
/**
 * A running check.
 * @typedef {object} Run
 * @property {RTCPeerConnection} pc
 * @property {number} id of the `check-line`
 * @property {boolean} answered
 * @property {LineView[]} lines in order
 * @property {number} available kbit/s upwards by the browser's estimate; -1: it gives none
 * @property {number} sent the most kbit/s sent in one second
 * @property {number} rtt_ms -1: unknown
 * @property {import('./uplink.js').Mark | null} mark
 */

const PATH_MS = 6000;
const MEASURE_MS = 8000;
const READ_MS = 1000;
/** For a browser without an estimate and a camera that sees no movement: this much getting through is enough. */
const ENOUGH_KBPS = 300;
/** The server accepts the same person's next check only after this time. */
const BETWEEN_MS = 5000;

export class LineCheck {
  #around;
  /** @type {Run | null} */ #run = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #deadline;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #reading;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #later;
  #endedAt = -BETWEEN_MS;

  /** @param {Around} around */
  constructor(around) {
    this.#around = around;
  }

  get running() {
    return this.#run !== null || this.#later !== undefined;
  }

  /** Begin, or begin as soon as the next check is allowed. Does nothing while one runs. */
  start() {
    if (this.running) return;
    this.#around.tell({ ...NO_CHECK, state: 'running' });
    const wait = this.#endedAt + BETWEEN_MS - performance.now();
    this.#later = setTimeout(() => void this.#begin(), Math.max(0, wait));
  }

  /** End it because the real transport begins, or nobody is there any more. @param {boolean} tell the server */
  abort(tell) {
    if (!this.running) return;
    clearTimeout(this.#later);
    this.#later = undefined;
    if (this.#run && tell) this.#around.send({ type: 'end-check' });
    this.#close();
    this.#around.tell(NO_CHECK);
  }

  /** @param {Answer} answer @returns {boolean} whether it belonged to the check */
  answer(answer) {
    const run = this.#run;
    if (!run || answer.to !== run.id) return false;
    run.answered = true;
    run.pc.setRemoteDescription({ type: 'answer', sdp: answer.sdp }).catch(() => this.#fail('bad-offer'));
    return true;
  }

  /** @param {LineView} line */
  line(line) {
    if (!this.#run) return;
    this.#run.lines.push(line);
    this.#report('running');
  }

  /** The server has refused or ended it. @param {string} code */
  over(code) {
    if (this.#run?.lines.length) this.#finish();
    else this.#fail(code);
  }

  /** @param {string} code @param {number} to */
  refused(code, to) {
    if (to === this.#run?.id) this.#fail(code);
  }

  async #begin() {
    this.#later = undefined;
    const pc = this.#around.connect?.() ?? new RTCPeerConnection({ iceServers: [...this.#around.iceServers()], bundlePolicy: 'max-bundle' });
    const id = this.#around.number();
    /** @type {Run} */
    const run = { pc, id, answered: false, lines: [], available: -1, sent: -1, rtt_ms: -1, mark: null };
    this.#run = run;
    this.#deadline = setTimeout(() => this.#fail('no-path'), PATH_MS);
    pc.onconnectionstatechange = () => this.#changed(run);
    try {
      const { senders } = addLines(pc);
      for (const source of /** @type {const} */ (['microphone', 'camera'])) await senders[source].replaceTrack(this.#around.track(source));
      await pc.setLocalDescription(await pc.createOffer());
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      if (run === this.#run) this.#fail('bad-offer');
      return;
    }
    if (run !== this.#run) return;
    if (!this.#around.send({ type: 'check-line', sdp: pc.localDescription?.sdp ?? '', id })) this.#fail('offline');
  }

  /** @param {Run} run */
  #changed(run) {
    if (run !== this.#run) return;
    if (run.pc.connectionState === 'failed') this.#fail('no-path');
    if (run.pc.connectionState !== 'connected' || this.#reading !== undefined) return;
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#finish(), MEASURE_MS);
    this.#reading = setInterval(() => void this.#read(run), READ_MS);
  }

  /** @param {Run} run */
  async #read(run) {
    const reports = await run.pc.getStats();
    if (run !== this.#run) return;
    const { figures, mark } = readUplink(reports.values(), run.mark, performance.now());
    if (run.mark) run.sent = Math.max(run.sent, figures.sent_kbps);
    run.mark = mark;
    run.available = figures.available_kbps ?? -1;
    if (figures.rtt_ms !== null) run.rtt_ms = figures.rtt_ms;
    this.#report('running');
  }

  #finish() {
    if (!this.#run) return;
    this.#around.send({ type: 'end-check' });
    this.#report('done');
    this.#close();
  }

  /** @param {string} code */
  #fail(code) {
    if (!this.running) return;
    clearTimeout(this.#later);
    this.#later = undefined;
    if (this.#run?.answered) this.#around.send({ type: 'end-check' });
    const line = this.#run?.lines.at(-1) ?? null;
    this.#close();
    this.#around.tell({ ...NO_CHECK, state: 'failed', line, verdict: code === 'no-path' ? 'poor' : null, code });
  }

  /** @param {'running' | 'done'} state */
  #report(state) {
    const run = this.#run;
    if (!run) return;
    const measured = measuredOf(run, this.#around.track('camera') !== null);
    this.#around.tell({
      state,
      line: run.lines.at(-1) ?? null,
      up_kbps: Math.round(measured.up_kbps),
      down_kbps: Math.round(measured.down_kbps),
      verdict: state === 'done' ? verdict(measured) : null,
      code: null,
    });
  }

  #close() {
    clearTimeout(this.#deadline);
    clearInterval(this.#reading);
    this.#reading = undefined;
    const run = this.#run;
    this.#run = null;
    if (!run) return;
    this.#endedAt = performance.now();
    run.pc.onconnectionstatechange = null;
    run.pc.close();
  }
}

/**
 * The measurements of both sides together. Without a picture to send, nobody can say what the way up carries, only how
 * much got through. The first report describes the connection's first moments and is ignored when there are others.
 * @param {Pick<Run, 'lines' | 'available' | 'sent' | 'rtt_ms'>} run
 * @param {boolean} picture a camera was sent
 * @returns {import('../state/verdict.js').Measured}
 */
export function measuredOf(run, picture) {
  const lines = run.lines.length > 2 ? run.lines.slice(1) : run.lines;
  const arrived = Math.max(-1, ...lines.map((line) => line.up_kbps));
  const believed = picture && run.available >= 0;
  const up = believed ? Math.max(run.available, arrived) : Math.max(run.sent, arrived);
  const mean = (/** @type {number[]} */ values) => (values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : 0);
  const newest = lines.at(-1);
  const rtts = lines.map((line) => line.rtt_ms).filter((ms) => ms >= 0);
  return {
    up_kbps: up,
    upAtLeast: !believed && (!picture || up >= ENOUGH_KBPS),
    down_kbps: newest ? Math.max(newest.estimate_kbps, newest.estimate_kbps < 0 ? -1 : newest.down_kbps) : -1,
    loss: Math.max(mean(lines.map((line) => line.loss_up)), mean(lines.map((line) => line.loss_down))),
    rtt_ms: rtts.length ? Math.min(...rtts) : run.rtt_ms,
  };
}

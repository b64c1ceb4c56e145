/**
 * What our own line carries upwards, and so what we send: turns the browser's statistics into caps on the voice and on the
 * camera's encodings. The browser's own congestion control does the rest. Pure.
 */

/** @typedef {{available_kbps: number | null, sent_kbps: number, loss: number, rtt_ms: number | null}} Figures loss: 0..1 of the newest report; available: the browser's estimate, if it gives one */
/** @typedef {{at: number, bytes: number}} Mark where a count of bytes stood; at: ms */
/**
 * What is kept from one reading to the next.
 * @typedef {object} Uplink
 * @property {0 | 1 | 2 | 3} level how much of the camera may be sent: thin q, q, and h, and f
 * @property {0 | 1 | 2} voice index into VOICE_BPS
 * @property {number} low readings in a row that ask for less
 * @property {number} voiceHigh readings in a row in which a better voice would fit
 * @property {number} changed when the level changed last, ms
 * @property {boolean} raised whether the last change was upwards
 * @property {number} waitMs how long after lowering we try more
 */
/** @typedef {{active?: boolean, maxBitrate?: number, maxFramerate?: number}} Cap */
/** @typedef {{camera: Record<string, Cap>, voiceBps: number}} Caps camera: by rid */

export const READ_MS = 2000;
/** Of Opus; the headers of 50 packets a second add 24 kbit/s. */
export const VOICE_BPS = /** @type {const} */ ([16_000, 24_000, 32_000]);
/** With less than this, the next lower voice is used. */
const VOICE_NEEDS_KBPS = /** @type {const} */ ([0, 150, 400]);
const HEADERS_KBPS = 24;
/** What a useful form of each encoding needs in addition to the voice. */
const Q_KBPS = 110;
const H_KBPS = 170;
const F_KBPS = 450;
const HEAVY_LOSS = 0.1;
const LITTLE_LOSS = 0.03;
const SLOW_MS = 1000;
/** The browser starts with a low estimate and needs some seconds for a better one. */
const LOW_READINGS = 3;
const HEAVY_READINGS = 2;
const FIRST_WAIT_MS = 10_000;
const MAX_WAIT_MS = 60_000;

/** @type {Uplink} */
export const UNKNOWN_UPLINK = Object.freeze({
  level: 3, voice: 2, low: 0, voiceHigh: 0, changed: 0, raised: false, waitMs: FIRST_WAIT_MS,
});

/**
 * The figures of a connection's sending side.
 * @param {Iterable<Record<string, any>>} reports of getStats
 * @param {Mark | null} before
 * @param {number} now ms
 * @returns {{figures: Figures, mark: Mark}}
 */
export function readUplink(reports, before, now) {
  let bytes = 0;
  let loss = 0;
  /** @type {number | null} */ let available = null;
  /** @type {number | null} */ let rtt = null;
  for (const report of reports) {
    if (report.type === 'outbound-rtp') bytes += (report.bytesSent ?? 0) + (report.headerBytesSent ?? 0);
    if (report.type === 'remote-inbound-rtp' && report.fractionLost > loss) loss = report.fractionLost;
    if (report.type === 'candidate-pair' && report.nominated && report.state === 'succeeded') {
      if (typeof report.availableOutgoingBitrate === 'number') available = report.availableOutgoingBitrate / 1000;
      if (typeof report.currentRoundTripTime === 'number') rtt = report.currentRoundTripTime * 1000;
    }
  }
  const ms = before ? now - before.at : 0;
  const sent = before && ms > 0 ? Math.max(0, ((bytes - before.bytes) * 8) / ms) : 0;
  return { figures: { available_kbps: available, sent_kbps: sent, loss, rtt_ms: rtt }, mark: { at: now, bytes } };
}

/**
 * The uplink after one more reading.
 * @param {Uplink} uplink
 * @param {Figures} figures
 * @param {readonly string[]} wanted rids of the camera that somebody receives
 * @param {boolean} red the voice is sent twice
 * @param {number} now ms
 * @returns {Uplink}
 */
export function judged(uplink, figures, wanted, red, now) {
  const budget = budgetOf(figures);
  const voice = voiceKbps(uplink.voice, red);
  const needs = needsOf(wanted, voice);
  const heavy = figures.loss >= HEAVY_LOSS || (figures.rtt_ms ?? 0) >= SLOW_MS;
  const fits = affordable(budget, uplink.level, needs);
  const low = heavy || fits < uplink.level ? uplink.low + 1 : 0;
  // A browser that has little to send estimates little; that alone is no reason to lower the voice.
  const narrow = figures.loss >= LITTLE_LOSS || budget < (needs[3] ?? 0);
  const next = { ...uplink, ...voiceAfter(uplink, narrow ? budget : Infinity), low };
  if (uplink.level > 0 && low >= (heavy ? HEAVY_READINGS : LOW_READINGS)) {
    const failed = uplink.raised && now - uplink.changed < uplink.waitMs;
    const level = /** @type {0 | 1 | 2} */ (Math.min(fits, uplink.level - 1));
    const waitMs = failed ? Math.min(MAX_WAIT_MS, 2 * uplink.waitMs) : FIRST_WAIT_MS;
    return { ...next, level, low: 0, changed: now, raised: false, waitMs };
  }
  // Sending less also lowers the browser's estimate, so after a while we try more, whatever the estimate.
  const quiet = low === 0 && figures.loss <= LITTLE_LOSS && now - uplink.changed >= uplink.waitMs;
  if (uplink.level < 3 && quiet && budget >= 0.8 * figures.sent_kbps) {
    return { ...next, level: /** @type {1 | 2 | 3} */ (uplink.level + 1), changed: now, raised: true };
  }
  return next;
}

/**
 * The caps that follow from an uplink.
 * @param {Uplink} uplink
 * @param {boolean} red
 * @returns {Caps}
 */
export function caps({ level, voice }, red) {
  /** @type {Cap} */
  const thin = { active: true, maxBitrate: red ? 50_000 : 75_000, maxFramerate: 10 };
  return {
    camera: { q: level === 0 ? thin : { active: true }, h: { active: level >= 2 }, f: { active: level >= 3 } },
    voiceBps: VOICE_BPS[voice],
  };
}

/** kbit/s; Infinity: no sign of a limit. @param {Figures} figures */
function budgetOf({ available_kbps, sent_kbps, loss }) {
  if (available_kbps !== null) return available_kbps;
  return loss >= LITTLE_LOSS && sent_kbps > 0 ? sent_kbps : Infinity;
}

/** @param {0 | 1 | 2} voice @param {boolean} red */
function voiceKbps(voice, red) {
  return (VOICE_BPS[voice] / 1000) * (red ? 2 : 1) + HEADERS_KBPS;
}

/**
 * kbit/s that each level needs. Encodings that nobody receives cost nothing: a small plan says nothing about the line.
 * @param {readonly string[]} wanted rids
 * @param {number} voice
 * @returns {number[]}
 */
function needsOf(wanted, voice) {
  const q = wanted.includes('q') ? Q_KBPS : 0;
  const h = wanted.includes('h') ? H_KBPS : 0;
  const f = wanted.includes('f') ? F_KBPS : 0;
  return [0, voice + q, voice + q + h, voice + q + h + f];
}

/** The highest level, up to the current one, that the budget allows. @param {number} budget @param {number} level @param {readonly number[]} needs */
function affordable(budget, level, needs) {
  while (level > 0 && (needs[level] ?? 0) > budget) level -= 1;
  return level;
}

/** @param {Uplink} uplink @param {number} budget @returns {{voice: 0 | 1 | 2, voiceHigh: number}} */
function voiceAfter({ voice, voiceHigh }, budget) {
  if (voice > 0 && budget < (VOICE_NEEDS_KBPS[voice] ?? 0)) return { voice: /** @type {0 | 1} */ (voice - 1), voiceHigh: 0 };
  const better = voice < 2 && budget >= 1.2 * (VOICE_NEEDS_KBPS[voice + 1] ?? 0);
  if (!better) return { voice, voiceHigh: 0 };
  if (voiceHigh + 1 < LOW_READINGS) return { voice, voiceHigh: voiceHigh + 1 };
  return { voice: /** @type {1 | 2} */ (voice + 1), voiceHigh: 0 };
}

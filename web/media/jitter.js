/**
 * How long received media wait before they are played. Redundancy only helps a voice that has not been played yet, and a
 * retransmitted packet of a picture comes a round trip later. Left alone, a browser shows the pictures that arrived whole
 * and drops the rest (Chromium 156 at 10 % loss and 100 ms: half of the pictures). Pure.
 */

/** A loss of `from` permille on the way down asks for this delay, until the loss falls below `until`. */
const STEPS = /** @type {const} */ ([
  { from: 80, until: 50, ms: 200 },
  { from: 20, until: 10, ms: 120 },
]);

/** The voice of the person on the stage waits for their picture: never longer than this. */
const MAX_APART_MS = 250;
/** Smaller changes of the wished delay are ignored. */
const MIN_CHANGE_MS = 50;

/**
 * The delay to ask for voices, after one more report.
 * @param {number | null} before ms
 * @param {number} lossDown permille
 * @returns {number | null} null: the browser decides
 */
export function jitterTarget(before, lossDown) {
  for (const { from, until, ms } of STEPS) {
    if (lossDown >= (before !== null && before >= ms ? until : from)) return ms;
  }
  return null;
}

/**
 * The delay to ask for pictures: time to notice a lost packet, ask for it and get it. On a worse line answers get lost, too.
 * @param {number | null} before ms
 * @param {number | null} voices their delay, ms
 * @param {number} rttMs below 0: unknown
 * @returns {number | null} null: the browser decides
 */
export function pictureTarget(before, voices, rttMs) {
  if (voices === null) return null;
  const rounds = voices >= STEPS[0].ms ? 3 : 1.5;
  const wished = Math.min(voices + MAX_APART_MS, Math.max(voices, rounds * (rttMs < 0 ? 100 : rttMs) + 60));
  return before !== null && Math.abs(wished - before) < MIN_CHANGE_MS ? before : Math.round(wished);
}

/**
 * How long what was received waits before it is played: redundancy only helps a voice that has not been played yet, and a
 * picture's lost packet that is sent again comes a round trip later. Left alone a browser shows what came whole and drops
 * the rest (Chromium 156: at 10 % loss and 100 ms half of the pictures). Pure.
 */

/** Worse than the first figure: at least this delay; it goes back below the second. Permille lost on the way down, ms. */
const STEPS = /** @type {const} */ ([
  { from: 80, until: 50, ms: 200 },
  { from: 20, until: 10, ms: 120 },
]);

const MAX_MS = 500;
/** A round trip that wavers by less changes nothing. */
const SAME_MS = 50;

/**
 * The delay of voices to ask for, after one more report.
 * @param {number | null} before ms
 * @param {number} lossDown permille
 * @returns {number | null} null: as the browser sees fit
 */
export function jitterTarget(before, lossDown) {
  for (const { from, until, ms } of STEPS) {
    if (lossDown >= (before !== null && before >= ms ? until : from)) return ms;
  }
  return null;
}

/**
 * The delay of pictures to ask for: time to miss a packet, to ask, and to be answered; on a worse line answers get lost, too.
 * @param {number | null} before ms
 * @param {number | null} voices their delay, ms
 * @param {number} rttMs below 0: unknown
 * @returns {number | null} null: as the browser sees fit
 */
export function pictureTarget(before, voices, rttMs) {
  if (voices === null) return null;
  const rounds = voices >= STEPS[0].ms ? 3 : 1.5;
  const wished = Math.min(MAX_MS, Math.max(voices, rounds * (rttMs < 0 ? 100 : rttMs) + 60));
  return before !== null && Math.abs(wished - before) < SAME_MS ? before : Math.round(wished);
}

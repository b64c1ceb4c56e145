/** How long received voices wait before they are played: redundancy only helps what has not been played yet. Pure. */

/** Worse than the first figure: at least this delay; it goes back below the second. Permille lost on the way down, ms. */
const STEPS = /** @type {const} */ ([
  { from: 80, until: 50, ms: 200 },
  { from: 20, until: 10, ms: 120 },
]);

/**
 * The delay to ask for, after one more report.
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

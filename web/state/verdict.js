/** A line check as the page shows it, and the verdict on a measured line. Pure. */

/** @typedef {'good' | 'fair' | 'poor'} Verdict */
/**
 * @typedef {object} Check
 * @property {'idle' | 'running' | 'done' | 'failed'} state
 * @property {import('../protocol/views.js').LineView | null} line the newest figures of the server
 * @property {number} up_kbps -1: not measured
 * @property {number} down_kbps -1: not measured
 * @property {Verdict | null} verdict
 * @property {string | null} code why it failed: `no-path`, `offline`, or a code of the server
 */
/**
 * @typedef {object} Measured
 * @property {number} up_kbps -1: not measured
 * @property {boolean} upAtLeast no more was sent than this, so more might fit
 * @property {number} down_kbps -1: not measured
 * @property {number} loss permille, the worse direction
 * @property {number} rtt_ms -1: not measured
 */

/** @type {Check} */
export const NO_CHECK = Object.freeze({ state: 'idle', line: null, up_kbps: -1, down_kbps: -1, verdict: null, code: null });

/** @param {Measured} measured @returns {Verdict} */
export function verdict({ up_kbps, upAtLeast, down_kbps, loss, rtt_ms }) {
  const upPoor = up_kbps < 120 && !upAtLeast;
  const downPoor = down_kbps >= 0 && down_kbps < 200;
  if (upPoor || downPoor || loss > 100 || rtt_ms > 700) return 'poor';
  const upGood = up_kbps >= 600 || upAtLeast;
  return upGood && down_kbps >= 1000 && loss <= 30 && rtt_ms <= 300 ? 'good' : 'fair';
}

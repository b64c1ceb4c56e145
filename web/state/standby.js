/** Knocks that were refused only for now: the page waits and knocks again by itself. Pure. */

/** Refusals of a knock that pass by themselves, and `banned`, which does not pass but has its own screen. */
export const STANDBY = /** @type {const} */ (['lobby-closed', 'meeting-locked', 'lobby-full', 'room-full', 'banned']);
/** @typedef {typeof STANDBY[number]} Standby */

const AGAIN_MS = 20_000;
/** Forty bridge points that wait for the same lobby must not all knock at once. */
const SPREAD_MS = 3000;

/**
 * @param {string} re what was refused
 * @param {string} code
 * @returns {Standby | null}
 */
export function standbyOf(re, code) {
  return re === 'knock' ? STANDBY.find((one) => one === code) ?? null : null;
}

/**
 * How long to wait before knocking again.
 * @param {Standby} standby
 * @param {number} untilOpen milliseconds until the lobby opens; 0 or less: it should be open
 * @param {number} random 0 to 1
 * @returns {number | null} null: not by itself
 */
export function knockAgainIn(standby, untilOpen, random) {
  if (standby === 'banned') return null;
  const spread = random * SPREAD_MS;
  return standby === 'lobby-closed' && untilOpen > 0 ? untilOpen + spread : AGAIN_MS + spread;
}

/** Since when a picture stands still: the same count on the stage and on the tile, and after a turn of the page. */

/** When it was first seen to be so, by participant and source. @type {Map<string, number>} */
const since = new Map();

/**
 * Whole seconds for which this picture has been lost.
 * @param {string} whose participant and source
 * @param {boolean} lost
 * @returns {number} 0 while it is not
 */
export function lostFor(whose, lost) {
  if (!lost) {
    since.delete(whose);
    return 0;
  }
  const now = performance.now();
  const from = since.get(whose) ?? now;
  since.set(whose, from);
  return Math.floor((now - from) / 1000);
}

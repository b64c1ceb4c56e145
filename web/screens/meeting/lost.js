/** Since when pictures stand still: the stage and the tiles show the same count, also after another page was shown. */

/** When it was first seen to be so, by participant and source. @type {Map<string, number>} */
const since = new Map();

/**
 * For how many whole seconds this picture has been lost.
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

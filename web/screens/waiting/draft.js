/** What was typed in the green room. It is kept while the page lives, for the way back and for a change of language. */

/** @typedef {{account: string, unit: string, name: string, present: string, total: string, speech: string}} Draft speech: the registered topic */

/** @type {Draft} */
let kept = { account: '', unit: '', name: '', present: '', total: '', speech: '' };

/**
 * The draft of the signed-in account; another account starts with an empty one.
 * @param {import('../../state/store.js').State} state
 * @returns {Draft}
 */
export function draftOf(state) {
  const account = state.account?.account ?? '';
  if (kept.account !== account) {
    kept = { account, unit: state.welcome?.unit ?? '', name: state.welcome?.name ?? '', present: '', total: '', speech: '' };
  }
  return kept;
}

/**
 * A headcount as typed.
 * @param {string} typed
 * @returns {number | null | undefined} null: nothing typed; undefined: not a headcount
 */
export function count(typed) {
  const text = typed.trim();
  if (!text) return null;
  return /^\d{1,4}$/.test(text) ? Number(text) : undefined;
}

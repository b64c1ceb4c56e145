/** What was written in the green room, kept while the page lives: for the way back from the lobby, and over a change of language. */

/** @typedef {{account: string, unit: string, name: string, present: string, total: string, speech: string}} Draft speech: the topic that is registered */

/** @type {Draft} */
let kept = { account: '', unit: '', name: '', present: '', total: '', speech: '' };

/**
 * The draft of whoever is signed in; another account starts afresh.
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
 * @returns {number | null | undefined} null when nothing is there, undefined when it is no headcount
 */
export function count(typed) {
  const text = typed.trim();
  if (!text) return null;
  return /^\d{1,4}$/.test(text) ? Number(text) : undefined;
}

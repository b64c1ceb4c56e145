/** What oneself may do only with a permission, and how far that has come. Pure. */

import { isHost, ownPerson, ownRole } from './people.js';

/** @typedef {import('./store.js').State} State */
/** @typedef {import('../protocol/words.js').Permission} Permission */
/** @typedef {'free' | 'asked' | 'ask'} Phase free: nobody need be asked; asked: no answer yet */

/**
 * One's own request that waits for an answer.
 * @param {State} state
 * @param {Permission} permission
 */
export function ownRequest(state, permission) {
  return state.requests.requests.find((one) => one.permission === permission && one.participant === state.welcome?.participant);
}

/** @param {State} state @param {Permission} permission @returns {Phase} */
export function phaseOf(state, permission) {
  if (free(state, permission)) return 'free';
  return ownRequest(state, permission) ? 'asked' : 'ask';
}

/**
 * Whether this page gets sound and pictures: a technician only while the chair permits it.
 * @param {State} state
 */
export function mayHear(state) {
  return ownRole(state) !== 'technician' || listens(state) > 0;
}

/** Until when one listens as a technician, in Unix milliseconds; 0: one does not. @param {State} state */
export function listens(state) {
  return ownPerson(state)?.listens ?? 0;
}

/** @param {State} state @param {Permission} permission */
function free(state, permission) {
  const me = ownPerson(state);
  if (permission === 'listen') return mayHear(state);
  if (isHost(ownRole(state))) return true;
  if (permission === 'leave') return me?.may_leave ?? false;
  return !me?.screen.gate.includes('host');
}

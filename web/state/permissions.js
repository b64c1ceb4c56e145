/** What this person may do only with a permission, and whether they have it. Pure. */

import { isHost, ownPerson, ownRole } from './people.js';

/** @typedef {import('./store.js').State} State */
/** @typedef {import('../protocol/words.js').Permission} Permission */
/** @typedef {'free' | 'asked' | 'ask'} Phase free: no need to ask; asked: no answer yet */

/**
 * This person's own request that still waits for an answer.
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
 * Whether this page gets sound and pictures. A technician gets them only while the chair permits it.
 * @param {State} state
 */
export function mayHear(state) {
  return ownRole(state) !== 'technician' || listens(state) > 0;
}

/** Until when this person listens as a technician, in Unix milliseconds; 0: does not. @param {State} state */
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

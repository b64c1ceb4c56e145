/** The floor as the page shows it: who waits at which place, and how long somebody has spoken. Pure. */

import { personOf, unitOf } from './people.js';

/** @typedef {import('./store.js').State} State */
/** @typedef {import('../protocol/server.js').Floor} Floor */
/** @typedef {import('../protocol/views.js').ParticipantView} ParticipantView */
/** @typedef {import('../protocol/views.js').TurnView} TurnView */
/** @typedef {import('../protocol/views.js').WishView} WishView */
/** @typedef {import('../protocol/words.js').UnitKind} UnitKind */
/** @typedef {{wish: WishView, place: number, who: ParticipantView}} Waiting place: from 1 */
/** @typedef {{kind: UnitKind | 'all', waiting: readonly Waiting[]}} Group all: ordered by time, not by kind */
/**
 * How a turn stands. The times are milliseconds.
 * @typedef {object} TurnClock
 * @property {number} spent
 * @property {number} limit 0: none
 * @property {number} left below zero when the time is over; 0 without a limit
 * @property {'free' | 'running' | 'ending' | 'over'} phase
 */

/** A turn is ending in its last fifth, but at most in its last minute. */
const ENDING_SHARE = 0.2;
const ENDING_MS = 60_000;

/**
 * Who waits, in the server's order, grouped by kind of unit where kinds are ranked. Somebody who is not in the roster yet
 * is left out but keeps the place number.
 * @param {State} state
 * @returns {Group[]}
 */
export function queueGroups(state) {
  const { floor } = state;
  /** @type {{kind: UnitKind | 'all', waiting: Waiting[]}[]} */
  const groups = [];
  floor.queue.forEach((wish, at) => {
    const who = personOf(state, wish.participant);
    if (!who) return;
    const kind = floor.mode === 'ordered' ? unitOf(state, who)?.kind ?? 'all' : 'all';
    // One group for each kind, because the kind is the group's key.
    const group = groups.find((one) => one.kind === kind);
    const waiting = { wish, place: at + 1, who };
    if (group) group.waiting.push(waiting);
    else groups.push({ kind, waiting: [waiting] });
  });
  return groups;
}

/**
 * The place in the queue, from 1; 0: not in the queue.
 * @param {Floor} floor
 * @param {string | undefined} participant
 */
export function placeOf(floor, participant) {
  return floor.queue.findIndex((wish) => wish.participant === participant) + 1;
}

/**
 * @param {Floor} floor
 * @param {string | undefined} participant
 * @returns {TurnView | undefined}
 */
export function turnOf(floor, participant) {
  return floor.turns.find((turn) => turn.participant === participant);
}

/**
 * @param {TurnView} turn
 * @param {number} now Unix milliseconds of the server's clock
 * @returns {TurnClock}
 */
export function turnClock({ since, until }, now) {
  const spent = Math.max(0, now - since);
  if (until === 0) return { spent, limit: 0, left: 0, phase: 'free' };
  const limit = Math.max(0, until - since);
  const left = until - now;
  if (left <= 0) return { spent, limit, left, phase: 'over' };
  return { spent, limit, left, phase: left <= Math.min(ENDING_MS, limit * ENDING_SHARE) ? 'ending' : 'running' };
}

/**
 * The kind of unit whose turn it is: that of the speaker, or of the next one.
 * @param {State} state
 * @returns {UnitKind | null}
 */
export function kindNow(state) {
  const who = personOf(state, state.floor.turns[0]?.participant ?? state.floor.next);
  return (who && unitOf(state, who)?.kind) ?? null;
}

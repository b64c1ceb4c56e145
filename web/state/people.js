/** People and units, and words about them, from the state. Pure. */

/** @typedef {import('./store.js').State} State */
/** @typedef {import('../protocol/views.js').ParticipantView} ParticipantView */
/** @typedef {import('../protocol/views.js').UnitView} UnitView */

/**
 * @param {State} state
 * @param {{unit: string}} who
 * @returns {UnitView | undefined}
 */
export function unitOf(state, who) {
  return state.welcome?.units.find((unit) => unit.id === who.unit);
}

/**
 * @param {State} state
 * @param {string | null | undefined} id
 * @returns {ParticipantView | undefined}
 */
export function personOf(state, id) {
  return state.roster.participants.find((one) => one.id === id);
}

/** This person's own entry in the roster. @param {State} state */
export function ownPerson(state) {
  return personOf(state, state.welcome?.participant);
}

/** "6/8"; empty when nothing was reported. @param {{present: number|null, total: number|null}} who */
export function headcount(who) {
  if (who.present === null) return '';
  return who.total === null ? String(who.present) : `${who.present}/${who.total}`;
}

/**
 * "BS. N.T.H. · Chủ trì · Có mặt 6/8"
 * @param {{t: (key: string, params?: Record<string, string | number>) => string}} app
 * @param {{name: string, role: string, present: number|null, total: number|null}} who
 */
export function personLine(app, who) {
  const parts = [who.name];
  if (who.role !== 'delegate') parts.push(app.t(`role.${who.role}`));
  const count = headcount(who);
  if (count) parts.push(app.t('meeting.present', { count }));
  return parts.join(' · ');
}

/** Whether a role may admit, mute and remove. @param {string | undefined} role */
export function isHost(role) {
  return role === 'chair' || role === 'operator';
}

/**
 * This person's role now: the chair may have been handed over or lent.
 * @param {State} state
 * @returns {import('../protocol/words.js').Role | undefined}
 */
export function ownRole(state) {
  return ownPerson(state)?.role ?? state.welcome?.role;
}

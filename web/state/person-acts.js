/** What this person may do to somebody in the meeting, as far as the page knows. The server decides. Pure. */

import { ownRole, personOf } from './people.js';

/** @typedef {import('./store.js').State} State */
/** @typedef {import('../protocol/views.js').ParticipantView} ParticipantView */
/** @typedef {typeof ACTS[number]} Act its words are `act.<name>` */

/** In the order of the menu: the floor, sources, permissions, the chair, removal. */
export const ACTS = /** @type {const} */ ([
  'invite', 'dialogue', 'end-turn',
  'mute', 'unmute', 'camera-off', 'camera-allow', 'screen-stop',
  'allow-screen', 'allow-listen', 'stop-listen', 'allow-leave', 'forbid-leave',
  'hand-chair', 'lend-chair',
  'send-back', 'kick', 'ban',
]);

/** Acts that cannot be undone and need a reason. */
export const OUT = /** @type {readonly Act[]} */ (['send-back', 'kick', 'ban']);

/**
 * Whether a chair is here. An operator stands in only while none is.
 * @param {State} state
 */
export function chairIsHere(state) {
  return state.floor.chairs.some((id) => personOf(state, id)?.presence === 'here');
}

/**
 * @param {State} state
 * @param {ParticipantView} who
 * @returns {Act[]}
 */
export function actsOn(state, who) {
  const role = ownRole(state);
  const chair = role === 'chair';
  const operator = role === 'operator';
  if (!chair && !operator) return [];
  if (who.id === state.welcome?.participant) return operator && !chairIsHere(state) ? ['lend-chair'] : [];
  const may = { ...theFloor(state, who, chair), ...sources(state, who, chair), ...permissions(state, who, chair),
    'hand-chair': chair && who.role !== 'chair' && who.role !== 'technician',
    'lend-chair': operator && !chairIsHere(state) && who.role !== 'technician',
    'send-back': chair || who.role !== 'chair',
    kick: chair || who.role !== 'chair',
    ban: chair || who.role !== 'chair' };
  return ACTS.filter((act) => may[act]);
}

/** @param {State} state @param {ParticipantView} who @param {boolean} chair */
function theFloor({ floor }, who, chair) {
  const ordered = chair && floor.mode !== 'open' && who.role !== 'chair' && who.role !== 'technician';
  const holds = floor.turns.some((turn) => turn.participant === who.id);
  return {
    invite: ordered && !holds,
    dialogue: ordered && !holds && floor.turns.length === 1,
    'end-turn': chair && holds,
  };
}

/** @param {State} state @param {ParticipantView} who @param {boolean} chair */
function sources(state, who, chair) {
  const open = (/** @type {'microphone' | 'camera' | 'screen'} */ source) => who[source].gate.length === 0;
  const held = (/** @type {'microphone' | 'camera'} */ source) => who[source].gate.includes('host');
  const lifts = chair || !chairIsHere(state);
  return {
    mute: !held('microphone') && who.role !== 'technician',
    unmute: held('microphone') && lifts,
    'camera-off': open('camera'),
    'camera-allow': held('camera') && lifts,
    'screen-stop': open('screen'),
  };
}

/** @param {State} state @param {ParticipantView} who @param {boolean} chair */
function permissions(state, who, chair) {
  const technician = who.role === 'technician';
  const delegate = who.role === 'delegate';
  return {
    'allow-screen': delegate && state.floor.screen_by_permission && who.screen.gate.includes('host'),
    'allow-listen': chair && technician && who.listens === 0,
    'stop-listen': chair && technician && who.listens > 0,
    'allow-leave': (delegate || technician) && !who.may_leave,
    'forbid-leave': (delegate || technician) && who.may_leave,
  };
}

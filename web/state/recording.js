/** What the page knows of the recording of this meeting. Pure. */

/** Warn when this many minutes are left on the server's disk. */
export const LOW_MINUTES = 30;

/** @typedef {import('./store.js').State} State */

/** Before the server has sent one. @type {import('../protocol/server.js').Recording} */
export const NOT_RECORDED = Object.freeze({ type: 'recording', state: 'off', since_ms: 0, keys: [], minutes_left: -1, trouble: '', allowed: false });

/** Whether the meeting is being recorded, or may be at any moment. @param {State} state */
export const isRecorded = ({ recording }) => recording.state !== 'off';

/** Whose keys, in words: "Ban Giám đốc, Văn phòng". @param {State} state */
export const keyNames = ({ recording }) => recording.keys.map((key) => key.name).join(', ');

/** Opening the recording needs two people, one key of each lock. @param {State} state */
export const needsTwo = ({ recording }) => recording.keys.some((key) => key.second);

/** Why the chair cannot start a recording; empty: it can. @param {State} state @returns {'' | 'recording-forbidden' | 'no-recipient'} */
export function objection({ recording }) {
  if (!recording.allowed) return 'recording-forbidden';
  return recording.keys.some((key) => !key.second) ? '' : 'no-recipient';
}

/** Whether the recording is interrupted and will go on by itself when the recorder is back. @param {State} state */
export const isInterrupted = ({ recording }) => recording.state === 'failed' && recording.trouble === 'recorder-unavailable';

/** Whether the server's disk is nearly full. @param {State} state */
export const isLow = ({ recording }) => recording.state !== 'off' && recording.minutes_left >= 0 && recording.minutes_left <= LOW_MINUTES;

/**
 * What everybody is told once, as the end of a text's key. `trouble` and `low` are for staff.
 * @param {State} state
 * @param {State} before
 * @returns {'' | 'begun' | 'already' | 'back' | 'over' | 'failed' | 'trouble' | 'low'}
 */
export function announcement(state, before) {
  const [now, then] = [state.recording, before.recording];
  if (now === then || !state.welcome || !before.welcome) return '';
  if (now.state !== then.state) {
    if (now.state === 'failed') return 'failed';
    if (now.state === 'off') return then.state === 'failed' && !isInterrupted(before) ? '' : 'over';
    if (now.state === 'on' && then === NOT_RECORDED) return 'already';
    if (now.state === 'on' && then.state !== 'paused') return then.state === 'failed' ? 'back' : 'begun';
  }
  if (now.trouble && now.trouble !== then.trouble) return 'trouble';
  return isLow(state) && !isLow(before) ? 'low' : '';
}

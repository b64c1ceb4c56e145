/** What is known of the recording that goes on, and of those that are kept. The server's answer is believed no more than any other. */

const LIMIT_MS = 8000;
/** So many minutes left on the server's disk are worth a warning. */
export const LOW_MINUTES = 30;

/** @typedef {import('./store.js').State} State */
/** @typedef {{id: string, title: string, begun: number, ended: number, octets: number, keys: readonly string[], on: boolean, gone: number}} Kept */

/** Before the first word of it. @type {import('./protocol.js').RecordingMessage} */
export const NOT_RECORDED = Object.freeze({ type: 'recording', state: 'off', since_ms: 0, keys: [], minutes_left: -1, trouble: '', allowed: false });

/** Whether something of the meeting is, or may at any moment be, written. @param {State} state */
export const isRecorded = ({ recording }) => recording.state !== 'off';

/** Whose keys, in words: "Ban Giám đốc, Văn phòng". @param {State} state */
export const keyNames = ({ recording }) => recording.keys.map((key) => key.name).join(', ');

/** Opening needs two persons, one key of each lock. @param {State} state */
export const needsTwo = ({ recording }) => recording.keys.some((key) => key.second);

/** Why the chair cannot begin; empty: it can. @param {State} state @returns {'' | 'recording-forbidden' | 'no-recipient'} */
export function objection({ recording }) {
  if (!recording.allowed) return 'recording-forbidden';
  return recording.keys.some((key) => !key.second) ? '' : 'no-recipient';
}

/** Whether it is one that the recorder goes on with by itself as soon as it is back. @param {State} state */
export const isInterrupted = ({ recording }) => recording.state === 'failed' && recording.trouble === 'recorder-unavailable';

/** So few minutes of the server's disk are left that somebody must see to it. @param {State} state */
export const isLow = ({ recording }) => recording.state !== 'off' && recording.minutes_left >= 0 && recording.minutes_left <= LOW_MINUTES;

/**
 * What everybody is told once, by the end of a text's key; `trouble` and `low` are for those who can do something about it.
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

/** @returns {Promise<{recordings: readonly Kept[], mayDownload: boolean} | null>} the newest first; null: not to be had */
export async function recordingsKept() {
  try {
    const response = await fetch('/api/recordings', { signal: AbortSignal.timeout(LIMIT_MS), credentials: 'same-origin' });
    return response.ok ? readKept(await response.json()) : null;
  } catch {
    return null; // TypeError: no way there; TimeoutError: no answer; SyntaxError: no JSON
  }
}

/** @param {string} id */
export const recordingFile = (id) => `/api/recordings/${encodeURIComponent(id)}.tar`;

/**
 * What cannot be read is left out.
 * @param {unknown} value
 * @returns {{recordings: readonly Kept[], mayDownload: boolean} | null}
 */
export function readKept(value) {
  const answer = record(value);
  if (!answer || !Array.isArray(answer.recordings)) return null;
  const recordings = answer.recordings.map((one) => readOne(record(one))).filter((one) => one !== null);
  return { recordings: recordings.sort((a, b) => b.begun - a.begun), mayDownload: answer.may_download === true };
}

/** @param {Record<string, unknown> | null} one @returns {Kept | null} */
function readOne(one) {
  if (!one || typeof one.id !== 'string' || typeof one.title !== 'string') return null;
  const keys = Array.isArray(one.keys) ? one.keys.filter((key) => typeof key === 'string') : [];
  return { id: one.id, title: one.title, begun: number(one.begun_ms), ended: number(one.ended_ms), octets: number(one.octets), keys,
    on: one.on === true, gone: number(one.delete_ms) };
}

/** @param {unknown} value @returns {Record<string, unknown> | null} */
function record(value) {
  return typeof value === 'object' && value !== null ? /** @type {Record<string, unknown>} */ (value) : null;
}

/** @param {unknown} value */
function number(value) {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

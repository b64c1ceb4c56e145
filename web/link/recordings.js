/** The recordings that the server has, over HTTP. Its answer is checked like anything else that arrives. */

import { readJson, record } from './http.js';

/** @typedef {{id: string, title: string, begun: number, ended: number, bytes: number, keys: readonly string[], on: boolean, gone: number}} StoredRecording */
/** @typedef {{recordings: readonly StoredRecording[], mayDownload: boolean}} Recordings */

/** @returns {Promise<Recordings | null>} the newest first; null: they cannot be read */
export async function recordings() {
  return readRecordings(await readJson('/api/recordings'));
}

/** @param {string} id */
export const recordingFile = (id) => `/api/recordings/${encodeURIComponent(id)}.tar`;

/**
 * The answer as the server sends it, without recordings that cannot be read.
 * @param {unknown} value
 * @returns {Recordings | null}
 */
export function readRecordings(value) {
  const answer = record(value);
  if (!answer || !Array.isArray(answer.recordings)) return null;
  const found = answer.recordings.map((one) => readRecording(record(one))).filter((one) => one !== null);
  return { recordings: found.sort((a, b) => b.begun - a.begun), mayDownload: answer.may_download === true };
}

/** @param {Record<string, unknown> | null} one @returns {StoredRecording | null} */
function readRecording(one) {
  if (!one || typeof one.id !== 'string' || typeof one.title !== 'string') return null;
  const keys = Array.isArray(one.keys) ? one.keys.filter((key) => typeof key === 'string') : [];
  return { id: one.id, title: one.title, begun: number(one.begun_ms), ended: number(one.ended_ms), bytes: number(one['octets']), keys,
    on: one.on === true, gone: number(one.delete_ms) };
}

/** @param {unknown} value */
function number(value) {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

/** How the server's certificates stand and which hash the audit log has, over HTTP. Its answer is checked like anything else that arrives. */

import { readJson, record } from './http.js';

/** @typedef {'ok' | 'ends-soon' | 'expired' | 'not-yet-valid'} Standing */
/** @typedef {{standing: Standing, begins: number, ends: number, fingerprint: string}} Certificate */
/** @typedef {{version: string, certificate: Certificate | null, authority: Certificate | null, audit: string}} Server */

const STANDINGS = /** @type {readonly unknown[]} */ (['ok', 'ends-soon', 'expired', 'not-yet-valid']);

/** @returns {Promise<Server | null>} null: it cannot be read */
export async function server() {
  return readServer(await readJson('/api/server'));
}

/**
 * The answer as the server sends it.
 * @param {unknown} value
 * @returns {Server | null}
 */
export function readServer(value) {
  const answer = record(value);
  if (!answer) return null;
  return { version: typeof answer.version === 'string' ? answer.version : '',
    certificate: readCertificate(record(answer.certificate)), authority: readCertificate(record(answer.authority)),
    audit: typeof answer.audit === 'string' ? answer.audit : '' };
}

/** @param {Record<string, unknown> | null} one @returns {Certificate | null} */
function readCertificate(one) {
  if (!one || !STANDINGS.includes(one.standing) || typeof one.begins !== 'number' || typeof one.ends !== 'number') return null;
  return { standing: /** @type {Standing} */ (one.standing), begins: one.begins, ends: one.ends,
    fingerprint: typeof one.fingerprint === 'string' ? one.fingerprint : '' };
}

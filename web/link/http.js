/** Reading JSON from our own server. */

const TIMEOUT_MS = 8000;

/** @param {string} path @returns {Promise<unknown>} null when there is no answer, or none that can be read */
export async function readJson(path) {
  try {
    const response = await fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS), credentials: 'same-origin' });
    return response.ok ? await response.json() : null;
  } catch {
    return null; // TypeError: unreachable; TimeoutError: no answer; SyntaxError: not JSON
  }
}

/** The value as an object, or null. @param {unknown} value @returns {Record<string, unknown> | null} */
export function record(value) {
  return typeof value === 'object' && value !== null ? /** @type {Record<string, unknown>} */ (value) : null;
}

/** Signing in and out, over HTTP. */

/** @typedef {import('../state/store.js').Account} Account */
/** @typedef {{code: string, retry_after_s?: number}} Problem */

const TIMEOUT_MS = 8000;

/**
 * @param {string} account
 * @param {string} password
 * @returns {Promise<{account: Account} | {problem: Problem}>}
 */
export async function signIn(account, password) {
  const body = JSON.stringify({ account, password });
  const response = await ask('POST', '/api/session', body);
  if (!response) return { problem: { code: 'unreachable' } };
  const answer = await json(response);
  if (response.ok && answer) return { account: /** @type {Account} */ (answer) };
  const code = typeof answer?.code === 'string' ? answer.code : 'unreachable';
  const wait = answer?.retry_after_s;
  return { problem: typeof wait === 'number' ? { code, retry_after_s: wait } : { code } };
}

/** The account that this browser is signed in to, if any. @returns {Promise<Account | null>} */
export async function whoAmI() {
  const response = await ask('GET', '/api/session');
  return response?.status === 200 ? /** @type {Account | null} */ (await json(response)) : null;
}

/** @returns {Promise<boolean>} whether it reached the server */
export async function signOut() {
  return Boolean((await ask('DELETE', '/api/session'))?.ok);
}

/** @returns {Promise<{centre: string, meeting: string | null}>} empty when the server cannot be reached */
export async function centre() {
  const response = await ask('GET', '/api/centre');
  const answer = response?.ok ? await json(response) : null;
  return {
    centre: typeof answer?.centre === 'string' ? answer.centre : '',
    meeting: typeof answer?.meeting === 'string' ? answer.meeting : null,
  };
}

/** @param {string} method @param {string} path @param {string} [body] @returns {Promise<Response | null>} null when unreachable */
async function ask(method, path, body) {
  /** @type {RequestInit} */
  const init = { method, signal: AbortSignal.timeout(TIMEOUT_MS), credentials: 'same-origin' };
  if (body !== undefined) Object.assign(init, { body, headers: { 'Content-Type': 'application/json' } });
  try {
    return await fetch(path, init);
  } catch {
    return null; // TypeError: unreachable; TimeoutError: no answer
  }
}

/** @param {Response} response @returns {Promise<Record<string, unknown> | null>} */
async function json(response) {
  try {
    const value = await response.json();
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

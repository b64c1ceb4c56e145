/** Waiting once, and repeating. */

/** @param {number} ms @returns {Promise<void>} */
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Do something at a fixed interval until the signal is aborted.
 * @param {number} ms
 * @param {() => void} act
 * @param {AbortSignal} signal
 */
export function every(ms, act, signal) {
  if (signal.aborted) return;
  const timer = setInterval(act, ms);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

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

/**
 * What a promise gives, if it does so in time; null if not. What comes later is the caller's affair.
 * @template T
 * @param {Promise<T>} promise
 * @param {number} ms
 * @returns {Promise<T | null>}
 */
export function inTime(promise, ms) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(null), ms);
    promise.finally(() => clearTimeout(timer)).then(resolve, reject);
  });
}

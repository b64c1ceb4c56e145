/** Keeps the screen of a phone on: a meeting that goes dark in the hand is a lost bridge point. */

/**
 * For as long as the signal lasts. A hidden page loses the lock, so it is asked for again when it is seen. Browsers without
 * it, or a battery that is low, are no error.
 * @param {AbortSignal} signal
 */
export function stayAwake(signal) {
  /** @type {WakeLockSentinel | null} */
  let lock = null;
  const ask = async () => {
    if (document.hidden || signal.aborted || !('wakeLock' in navigator)) return;
    lock = await navigator.wakeLock.request('screen').catch(() => null);
    if (signal.aborted) void lock?.release();
  };
  document.addEventListener('visibilitychange', () => void ask(), { signal });
  signal.addEventListener('abort', () => void lock?.release(), { once: true });
  void ask();
}

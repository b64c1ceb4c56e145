/** Keeps a phone's screen on during the meeting: when the screen goes dark, the meeting loses that bridge point. */

/** The system takes the lock when the battery runs low, and then refuses it. */
const AGAIN_MS = 10_000;

/**
 * Until the signal is aborted. A hidden page loses the lock, so we ask for it again when the page is visible, and a while
 * after the system took it. A browser that has no wake lock, or refuses it because the battery is low, is not an error.
 * @param {AbortSignal} signal
 */
export function stayAwake(signal) {
  /** @type {WakeLockSentinel | null} */
  let lock = null;
  const ask = async () => {
    if (document.hidden || signal.aborted || !('wakeLock' in navigator) || lock?.released === false) return;
    lock = await navigator.wakeLock.request('screen').catch(() => null);
    if (signal.aborted) void lock?.release();
    else lock?.addEventListener('release', () => setTimeout(ask, AGAIN_MS), { once: true });
  };
  document.addEventListener('visibilitychange', () => void ask(), { signal });
  signal.addEventListener('abort', () => void lock?.release(), { once: true });
  void ask();
}

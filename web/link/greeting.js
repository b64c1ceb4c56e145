/** Waiting for the server's welcome, with an end. */

/** @typedef {import('./account.js').Problem} Problem */

const WELCOME_MS = 10_000;

export class Greeting {
  /** @type {((problem: Problem | null) => void) | null} */ #greeted = null;

  /**
   * A new wait; one that still runs ends as unreachable.
   * @param {() => void} late nothing came in time
   * @returns {Promise<Problem | null>} null when welcomed
   */
  expect(late) {
    this.#greeted?.({ code: 'unreachable' });
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        late();
        this.#greeted?.({ code: 'unreachable' });
      }, WELCOME_MS);
      this.#greeted = (problem) => {
        clearTimeout(timer);
        this.#greeted = null;
        resolve(problem);
      };
    });
  }

  /** It has come, or a goodbye in its place. @param {Problem | null} problem */
  came(problem) {
    this.#greeted?.(problem);
  }
}

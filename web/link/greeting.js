/** Waiting for the server's welcome, with a time limit. */

/** @typedef {import('./account.js').Problem} Problem */

const WELCOME_MS = 10_000;

export class Greeting {
  /** @type {((problem: Problem | null) => void) | null} */ #greeted = null;

  /**
   * Start waiting. A wait that is still running ends as unreachable.
   * @param {() => void} late called when nothing came in time
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

  /** The welcome has come, or a goodbye instead. @param {Problem | null} problem */
  arrived(problem) {
    this.#greeted?.(problem);
  }
}

/** When to offer fewer pictures: on a line that stays bad, but not soon after an answer. Without I/O. */

const POOR_FOR_MS = 6000;
/** No picture comes through at all. A single report may describe only one bad moment. */
const BLIND_FOR_MS = 2000;
const WELL_FOR_MS = 10_000;
const QUIET_MS = 300_000;

export class OfferRule {
  #poorSince = Infinity;
  #blindSince = Infinity;
  #wellSince = Infinity;
  #quietUntil = -Infinity;
  #offered = false;

  /**
   * Whether to show the offer now. Call it at least every second.
   * @param {Pick<import('../../state/store.js').State, 'line' | 'reception' | 'online'>} state
   * @param {number} now ms, monotonic
   */
  look({ line, reception, online }, now) {
    const told = online === 'online' ? line : null; // while offline the figures are old
    const poor = told?.quality === 'poor';
    const blind = told?.pictures === 'none' && reception === 'all';
    this.#poorSince = poor ? Math.min(this.#poorSince, now) : Infinity;
    this.#blindSince = blind ? Math.min(this.#blindSince, now) : Infinity;
    this.#wellSince = poor || blind ? Infinity : Math.min(this.#wellSince, now);
    if (now - this.#poorSince >= POOR_FOR_MS || now - this.#blindSince >= BLIND_FOR_MS) this.#offered = true;
    if (now - this.#wellSince >= WELL_FOR_MS) this.#offered = false;
    if (reception !== 'all') this.answered(now); // somebody who goes back to all pictures knows the line
    return this.#offered && told !== null && now >= this.#quietUntil;
  }

  /** The offer was accepted or dismissed. @param {number} now ms */
  answered(now) {
    this.#quietUntil = now + QUIET_MS;
  }
}

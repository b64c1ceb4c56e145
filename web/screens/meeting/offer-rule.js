/** When to offer fewer pictures: on a line that stays bad, and not again soon after an answer. Pure. */

const POOR_FOR_MS = 6000;
/** No picture comes through at all: but one report may be of a single bad moment. */
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
   * Whether the offer is to be shown now. Ask again at least every second.
   * @param {Pick<import('../../state/store.js').State, 'line' | 'reception' | 'online'>} state
   * @param {number} now ms, monotonic
   */
  look({ line, reception, online }, now) {
    const told = online === 'online' ? line : null; // without a line to the server the figures are of the past
    const poor = told?.quality === 'poor';
    const blind = told?.pictures === 'none' && reception === 'all';
    this.#poorSince = poor ? Math.min(this.#poorSince, now) : Infinity;
    this.#blindSince = blind ? Math.min(this.#blindSince, now) : Infinity;
    this.#wellSince = poor || blind ? Infinity : Math.min(this.#wellSince, now);
    if (now - this.#poorSince >= POOR_FOR_MS || now - this.#blindSince >= BLIND_FOR_MS) this.#offered = true;
    if (now - this.#wellSince >= WELL_FOR_MS) this.#offered = false;
    if (reception !== 'all') this.answered(now); // who goes back to all pictures knows what the line is like
    return this.#offered && told !== null && now >= this.#quietUntil;
  }

  /** It was taken, or put away. @param {number} now ms */
  answered(now) {
    this.#quietUntil = now + QUIET_MS;
  }
}

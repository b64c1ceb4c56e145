/** What a sender's encodings are to be, put into the browser's parameters: by rid, in their order, without negotiation. */

/** @typedef {import('./uplink.js').Cap} Cap */
/** @typedef {import('../protocol/server.js').SendPlan} SendPlan */
/**
 * @typedef {object} Layer an encoding as it was made
 * @property {string} [rid]
 * @property {number} [maxBitrate]
 * @property {number} [maxFramerate]
 */

/**
 * What each encoding of a source is to be. The plan says what may be sent at all; caps take from that, but never all of it:
 * the lowest that somebody receives goes on, as thin as the browser must make it.
 * @param {readonly Layer[]} layers the lowest first
 * @param {readonly string[] | null} planned rids; null before the first plan: all
 * @param {Record<string, Cap>} caps by rid
 * @returns {Record<string, Required<Cap>>} by rid, '' for a single encoding; an unlimited figure is Infinity
 */
export function wishes(layers, planned, caps) {
  const wanted = layers.map((layer) => layer.rid ?? '').filter((rid) => planned === null || planned.includes(rid));
  /** @type {Record<string, Required<Cap>>} */
  const all = {};
  for (const layer of layers) {
    const rid = layer.rid ?? '';
    const cap = caps[rid] ?? {};
    all[rid] = {
      active: wanted.includes(rid) && (cap.active !== false || rid === wanted[0]),
      maxBitrate: Math.min(layer.maxBitrate ?? Infinity, cap.maxBitrate ?? Infinity),
      maxFramerate: Math.min(layer.maxFramerate ?? Infinity, cap.maxFramerate ?? Infinity),
    };
  }
  return all;
}

/**
 * Write wishes into parameters as the browser gave them.
 * @param {readonly {rid?: string, active?: boolean, maxBitrate?: number, maxFramerate?: number}[]} encodings changed in place
 * @param {Record<string, Required<Cap>>} wished
 * @returns {boolean} whether anything differs from before
 */
export function write(encodings, wished) {
  let changed = false;
  for (const encoding of encodings) {
    const wish = wished[encoding.rid ?? ''];
    if (!wish) continue;
    if ((encoding.active ?? true) !== wish.active) {
      encoding.active = wish.active;
      changed = true;
    }
    for (const figure of /** @type {const} */ (['maxBitrate', 'maxFramerate'])) {
      const value = Number.isFinite(wish[figure]) ? wish[figure] : undefined;
      if (encoding[figure] === value) continue;
      if (value === undefined) delete encoding[figure];
      else encoding[figure] = value;
      changed = true;
    }
  }
  return changed;
}

/** One sender's encodings, changed one time after the other; of several wishes that wait only the newest is carried out. */
export class Encodings {
  #sender;
  /** @type {Record<string, Required<Cap>> | null} */ #wished = null;
  #busy = false;
  #stale = false;

  /** @param {RTCRtpSender} sender */
  constructor(sender) {
    this.#sender = sender;
  }

  /** @param {Record<string, Required<Cap>>} wished by rid */
  wish(wished) {
    this.#wished = wished;
    this.again();
  }

  /** A description that was applied may have opened what was shut. */
  again() {
    this.#stale = true;
    if (!this.#busy && this.#wished) void this.#run();
  }

  async #run() {
    this.#busy = true;
    try {
      while (this.#stale && this.#wished) {
        this.#stale = false;
        const parameters = this.#sender.getParameters();
        if (write(parameters.encodings ?? [], this.#wished)) await this.#sender.setParameters(parameters);
      }
    } catch (error) {
      // A sender that was closed, or a negotiation in between: `again` follows every negotiation.
      if (!(error instanceof DOMException)) throw error;
      console.warn('encodings-not-set', error.name);
    } finally {
      this.#busy = false;
    }
  }
}

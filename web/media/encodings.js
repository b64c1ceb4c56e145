/** Sets a sender's encodings through the browser's parameters, by rid and without negotiation. */

/** @typedef {import('./uplink.js').Cap} Cap */
/** @typedef {import('../protocol/server.js').SendPlan} SendPlan */
/**
 * @typedef {object} Layer an encoding as it was made
 * @property {string} [rid]
 * @property {number} [maxBitrate]
 * @property {number} [maxFramerate]
 */

/**
 * What each encoding of a source should be. The plan says what may be sent at all; caps take some of that away, but never
 * all: the lowest encoding that somebody receives always goes on, however thin the browser makes it.
 * @param {readonly Layer[]} layers the lowest first
 * @param {readonly string[] | null} planned rids; null before the first plan: all
 * @param {Record<string, Cap>} caps by rid
 * @returns {Record<string, Required<Cap>>} by rid, '' for a single encoding; Infinity: no limit
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
 * Write the wishes into the parameters that the browser gave us.
 * @param {readonly {rid?: string, active?: boolean, maxBitrate?: number, maxFramerate?: number}[]} encodings changed in place
 * @param {Record<string, Required<Cap>>} wished
 * @returns {boolean} whether anything changed
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

/** One sender's encodings. Changes are made one at a time; of several that wait, only the newest is carried out. */
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

  /** A description was applied, which may have started encodings that were stopped. */
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
      // The sender was closed, or a negotiation came in between; `again` follows every negotiation.
      if (!(error instanceof DOMException)) throw error;
      console.warn('encodings-not-set', error.name);
    } finally {
      this.#busy = false;
    }
  }
}

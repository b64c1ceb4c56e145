// Timers that a test moves. Node's own mock timers differ between Node 18, which Debian 12 has, and later versions.

/** Replaces setTimeout, setInterval and their clear functions until `restore`. */
export class FakeTimers {
  #now = 0;
  #last = 0;
  /** @type {Map<number, { at: number, every: number | null, act: () => void }>} */ #waiting = new Map();
  #real = { setTimeout, setInterval, clearTimeout, clearInterval };

  constructor() {
    /** @param {() => void} act @param {number} ms @param {boolean} again */
    const add = (act, ms, again) => {
      const wait = Math.max(1, ms);
      this.#waiting.set((this.#last += 1), { at: this.#now + wait, every: again ? wait : null, act });
      return this.#last;
    };
    const drop = (/** @type {number} */ timer) => void this.#waiting.delete(timer);
    Object.assign(globalThis, {
      setTimeout: (/** @type {() => void} */ act, ms = 0) => add(act, ms, false),
      setInterval: (/** @type {() => void} */ act, ms = 0) => add(act, ms, true),
      clearTimeout: drop,
      clearInterval: drop,
    });
  }

  /** Let time pass and call what is due, in order. @param {number} ms */
  tick(ms) {
    const end = this.#now + ms;
    for (;;) {
      const [due] = [...this.#waiting].filter(([, timer]) => timer.at <= end).sort(([, a], [, b]) => a.at - b.at);
      if (due === undefined) break;
      const [id, timer] = due;
      this.#now = timer.at;
      if (timer.every === null) this.#waiting.delete(id);
      else timer.at += timer.every;
      timer.act();
    }
    this.#now = end;
  }

  restore() {
    Object.assign(globalThis, this.#real);
  }
}

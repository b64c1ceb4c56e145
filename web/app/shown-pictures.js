/** Tells the server which pictures this page shows and how big, whenever that changes. A hidden page shows none. */

import { rowsOf, showOf } from '../state/picture-sizes.js';

/** @typedef {import('../state/picture-sizes.js').Kind} Kind */
/** @typedef {{kind: Kind, participant: string | null, shown: boolean | null, rows: number}} Watched shown: null: not known yet */

/** After this long a hidden page counts as unseen. */
const UNSEEN_MS = 5000;
/** While somebody resizes the window, sizes change with every frame. */
const SETTLE_MS = 200;

export class ShownPictures {
  #send;
  /** The last message we sent; null: none yet. @type {string | null} */ #told = null;
  /** @type {import('../state/store.js').State | null} */ #state = null;
  /** @type {Map<Element, Watched>} */ #watched = new Map();
  /** Kinds that have had an element. @type {Set<Kind>} */ #known = new Set();
  #unseen = false;
  #hidden = 0;
  #settling = 0;
  #sizes = new ResizeObserver((entries) => this.#measure(entries.map((entry) => entry.target)));
  #views = new IntersectionObserver((entries) => this.#looked(entries));

  /** @param {(message: import('../protocol/client.js').ClientMessage) => boolean} send */
  constructor(send) {
    this.#send = send;
    document.addEventListener('visibilitychange', () => this.#turned());
    window.addEventListener('resize', () => this.#measure([...this.#watched.keys()])); // zooming changes the device pixels, too
  }

  /**
   * From now on this element shows the stage, the shared screen or a participant's tile; null: none does.
   * @param {Kind} kind
   * @param {string | null} participant of a tile
   * @param {Element | null} element
   */
  shows(kind, participant, element) {
    const before = element && this.#watched.get(element);
    if (before?.kind === kind && before.participant === participant) return;
    for (const [other, watched] of this.#watched) {
      const same = watched.kind === kind && (kind !== 'tile' || watched.participant === participant);
      if (same && other !== element) this.#forget(other);
    }
    this.#known.add(kind);
    if (before) this.#watched.set(element, { ...before, kind, participant });
    else if (element) {
      this.#watched.set(element, { kind, participant, shown: null, rows: 0 });
      this.#sizes.observe(element);
      this.#views.observe(element);
    }
    this.#soon();
  }

  /** @param {import('../state/store.js').State} state */
  follow(state) {
    const before = this.#state;
    this.#state = state;
    if (state.screen !== 'meeting') this.#forgetAll();
    if (state.screen !== 'meeting' || state.online !== 'online') return;
    const same = before?.screen === 'meeting' && before.online === 'online' && before.roster === state.roster
      && before.tilePage === state.tilePage && before.tilesPerPage === state.tilesPerPage && before.reception === state.reception;
    if (this.#told === null || before?.reception !== state.reception) this.#tell();
    else if (!same) this.#soon();
  }

  /** A new session does not know what the last one was told. */
  again() {
    this.#told = null;
  }

  #soon() {
    clearTimeout(this.#settling);
    this.#settling = window.setTimeout(() => this.#tell(), SETTLE_MS);
  }

  #tell() {
    clearTimeout(this.#settling);
    const state = this.#state;
    if (!state || state.screen !== 'meeting' || state.online !== 'online') return;
    const message = showOf(state, this.#measured());
    const wish = JSON.stringify(message);
    if (wish !== this.#told && this.#send(message)) this.#told = wish;
  }

  /** @returns {import('../state/picture-sizes.js').Sizes} */
  #measured() {
    const all = [...this.#watched.values()];
    const rows = (/** @type {Watched} */ one) => (one.shown === null ? null : one.shown ? one.rows : 0);
    const only = (/** @type {Kind} */ kind) => {
      if (!this.#known.has(kind)) return null;
      const one = all.find((watched) => watched.kind === kind);
      return one ? rows(one) : 0;
    };
    const tiles = all.filter((one) => one.kind === 'tile' && one.participant !== null);
    return {
      stage: only('stage'),
      screen: only('screen'),
      tiles: this.#known.has('tile') ? new Map(tiles.map((one) => [String(one.participant), rows(one)])) : null,
      unseen: this.#unseen,
    };
  }

  /** @param {readonly Element[]} elements */
  #measure(elements) {
    for (const element of elements) {
      const watched = this.#watched.get(element);
      if (watched) this.#watched.set(element, { ...watched, rows: rowsOf(element.clientWidth, element.clientHeight, devicePixelRatio) });
    }
    this.#soon();
  }

  /** @param {readonly IntersectionObserverEntry[]} entries */
  #looked(entries) {
    for (const { target, isIntersecting } of entries) {
      const watched = this.#watched.get(target);
      if (watched) this.#watched.set(target, { ...watched, shown: isIntersecting });
    }
    this.#measure(entries.map((entry) => entry.target));
  }

  /** @param {Element} element */
  #forget(element) {
    this.#watched.delete(element);
    this.#sizes.unobserve(element);
    this.#views.unobserve(element);
  }

  #forgetAll() {
    for (const element of [...this.#watched.keys()]) this.#forget(element);
    this.#known.clear();
  }

  #turned() {
    clearTimeout(this.#hidden);
    if (document.hidden) {
      this.#hidden = window.setTimeout(() => {
        this.#unseen = true;
        this.#tell();
      }, UNSEEN_MS);
      return;
    }
    this.#unseen = false;
    this.#tell();
  }
}

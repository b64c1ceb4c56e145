/** Tells the server whose pictures this page shows, when that has changed; of a page nobody sees, none. */

import { tiles } from './layout.js';

/** A page that has been hidden for so long is not looked at. */
const UNSEEN_MS = 5000;

export class TileWish {
  #send;
  /** What the server was told last; null: nothing yet. @type {string | null} */ #told = null;
  /** @type {import('./store.js').State | null} */ #state = null;
  #unseen = false;
  #timer = 0;

  /** @param {(message: import('./protocol.js').ClientMessage) => boolean} send */
  constructor(send) {
    this.#send = send;
    document.addEventListener('visibilitychange', () => this.#looked());
  }

  /** @param {import('./store.js').State} state */
  follow(state) {
    this.#state = state;
    if (state.screen !== 'meeting' || state.online !== 'online') return;
    const participants = this.#unseen ? [] : tiles(state, state.tilesPerPage).ids;
    const wish = participants.join(' ');
    if (wish !== this.#told && this.#send({ type: 'show-tiles', participants })) this.#told = wish;
  }

  /** A new session knows nothing of what was asked for. */
  again() {
    this.#told = null;
  }

  #looked() {
    clearTimeout(this.#timer);
    this.#unseen = false;
    if (document.hidden) this.#timer = window.setTimeout(() => this.#turnAway(), UNSEEN_MS);
    else if (this.#state) this.follow(this.#state);
  }

  #turnAway() {
    this.#unseen = true;
    if (this.#state) this.follow(this.#state);
  }
}

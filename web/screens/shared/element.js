import { every } from '../../kit/time.js';

/** @typedef {import('../../app/app.js').App} App */
/** @typedef {import('../../state/store.js').State} State */

/**
 * The base of every custom element of the screens. `build` runs whenever the element comes into the page, `render` right
 * after it and then on every change of the state, until the element leaves the page.
 */
export class AppElement extends HTMLElement {
  /** Set by whoever makes the element, before it comes into the page. @type {App} */
  app = /** @type {never} */ (undefined);
  #life = new AbortController();

  /** Aborted when the element leaves the page; there is a new one when it comes back. */
  get signal() {
    return this.#life.signal;
  }

  connectedCallback() {
    this.#life = new AbortController();
    this.build();
    this.app.subscribe((state, before) => this.render(state, before), this.signal);
    this.render(this.app.state, null);
  }

  disconnectedCallback() {
    this.#life.abort();
  }

  /** Make the children and the listeners. */
  build() {}

  /**
   * Show the state, touching only what differs.
   * @param {State} _state
   * @param {State | null} _before null: nothing has been shown yet
   */
  render(_state, _before) {}

  /** Do something at a fixed interval while the element is in the page. @param {number} ms @param {() => void} act */
  every(ms, act) {
    every(ms, act, this.signal);
  }

  /** Do something once, when the element leaves the page. @param {() => void} act */
  whenLeaving(act) {
    this.signal.addEventListener('abort', act, { once: true });
  }

  /** Start over, for what is fixed once it is built. */
  rebuild() {
    this.disconnectedCallback();
    this.connectedCallback();
  }
}

/**
 * Whether one of these parts of the state has changed, or nothing has been shown yet.
 * @param {State} state
 * @param {State | null} before
 * @param {...keyof State} parts
 */
export function changed(state, before, ...parts) {
  return before === null || parts.some((part) => state[part] !== before[part]);
}

/**
 * An element with its app and whatever else it is told before it comes into the page.
 * @template {AppElement} T
 * @param {T} element
 * @param {App} app
 * @param {Partial<T>} [more]
 * @returns {T}
 */
export function withApp(element, app, more = {}) {
  return Object.assign(element, more, { app });
}

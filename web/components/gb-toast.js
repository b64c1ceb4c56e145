import { el, icon } from '../js/dom.js';

const SHOWN_MS = 7000;

/** What the server would not do, and why: said once, then gone by itself. */
export class Toast extends HTMLElement {
  /** @type {import('../js/app.js').App} */
  app = /** @type {never} */ (undefined);

  #abort = new AbortController();
  #timer = 0;

  connectedCallback() {
    this.#abort = new AbortController();
    this.setAttribute('role', 'alert');
    this.app.subscribe((state, before) => {
      if (state.refusal && state.refusal !== before.refusal) this.#say(this.app.t(`why.${state.refusal.code}`));
    }, this.#abort.signal);
  }

  disconnectedCallback() {
    this.#abort.abort();
    clearTimeout(this.#timer);
  }

  /** @param {string} text */
  #say(text) {
    const close = el('button',
      { class: 'btn btn-quiet btn-icon', type: 'button', 'aria-label': this.app.t('dialog.close') }, icon('close'));
    close.addEventListener('click', () => this.replaceChildren(), { signal: this.#abort.signal });
    this.replaceChildren(
      el('div', { class: 'toast toast-warn on-paper', 'data-testid': 'toast' }, icon('alert'), el('span', null, text), close));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.replaceChildren(), SHOWN_MS);
  }
}

customElements.define('gb-toast', Toast);

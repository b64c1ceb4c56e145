import { el, icon, setText } from '../../kit/dom.js';
import { duration } from '../../kit/format.js';

const SECOND_MS = 1000;

/** In everybody's head: a technician hears and sees the meeting, and for how long still. */
export class Listening extends HTMLElement {
  /** @type {import('../../app/app.js').App} */
  app = /** @type {never} */ (undefined);

  #abort = new AbortController();
  #timer = 0;
  #said = el('span', { class: 'sr', role: 'status' });
  #word = el('span', { class: 'wide', 'aria-hidden': 'true' });
  #left = el('span', { class: 'num', 'aria-hidden': 'true' });
  #badge = el('span', { class: 'badge badge-warn', 'data-testid': 'listening' }, icon('headphones'), this.#word, this.#left, this.#said);

  connectedCallback() {
    this.#abort = new AbortController();
    this.replaceChildren(this.#badge);
    this.app.subscribe((state, before) => {
      if (state.roster !== before.roster) this.#render();
    }, this.#abort.signal);
    this.#timer = setInterval(() => this.#render(), SECOND_MS);
    this.#render();
  }

  disconnectedCallback() {
    this.#abort.abort();
    clearInterval(this.#timer);
  }

  #render() {
    const { state, t } = this.app;
    const now = Date.now() + state.clockMs;
    const those = state.roster.participants.filter((who) => who.listens > now);
    this.hidden = those.length === 0;
    if (this.hidden) {
      setText(this.#said, '');
      return;
    }
    const own = those.find((who) => who.id === state.welcome?.participant);
    const time = duration(Math.max(...(own ? [own] : those).map((who) => who.listens)) - now);
    setText(this.#said, own ? t('listening.own') : t('listening.other', { name: those.map((who) => who.name).join(', ') }));
    setText(this.#word, t(own ? 'listening.own-short' : 'listening.other-short'));
    setText(this.#left, time);
    this.#badge.title = this.#said.textContent ?? '';
  }
}

customElements.define('gb-listening', Listening);

import { el, icon, setText } from '../../kit/dom.js';
import { duration } from '../../kit/format.js';
import { AppElement, changed } from '../shared/element.js';

const SECOND_MS = 1000;

/** In everybody's header: that a technician hears and sees the meeting, and for how much longer. */
export class Listening extends AppElement {
  #said = el('span', { class: 'sr', role: 'status' });
  #word = el('span', { class: 'wide', 'aria-hidden': 'true' });
  #left = el('span', { class: 'num', 'aria-hidden': 'true' });
  #badge = el('span', { class: 'badge badge-warn', 'data-testid': 'listening' }, icon('headphones'), this.#word, this.#left, this.#said);

  /** @override */
  build() {
    this.replaceChildren(this.#badge);
    this.every(SECOND_MS, () => this.#show());
  }

  /** @override @type {AppElement['render']} */
  render(state, before) {
    if (changed(state, before, 'roster')) this.#show();
  }

  #show() {
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

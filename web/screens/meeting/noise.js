import { el, icon, list, setText } from '../../kit/dom.js';
import { isHost, ownRole, personOf, unitOf } from '../../state/people.js';
import { AppElement, changed } from '../shared/element.js';

/** Noisy open microphones, for those who may shut them with one press. */
export class Noise extends AppElement {
  #list = el('ul', { class: 'cards', role: 'status' });

  /** @override */
  build() {
    this.replaceChildren(this.#list);
  }

  /** @override @type {AppElement['render']} */
  render(state, before) {
    if (changed(state, before, 'voices', 'roster')) this.#show();
  }

  #show() {
    const { state } = this.app;
    const heard = (/** @type {string} */ id) => personOf(state, id)?.microphone.gate.length === 0;
    const noisy = isHost(ownRole(state)) ? state.voices.noisy.filter(heard) : [];
    this.hidden = noisy.length === 0;
    list(this.#list, noisy, (id) => id, (id) => this.#make(id), (card, id) => this.#update(card, id));
  }

  /** @param {string} participant */
  #make(participant) {
    return el('li', { class: 'request is-noise', 'data-testid': 'noise-card', 'data-participant': participant },
      el('div', { class: 'row between' }, el('b'),
        el('button', { class: 'btn', type: 'button', 'data-testid': 'noise-mute',
          onclick: () => this.app.send({ type: 'mute', participant, source: 'microphone' }) }, icon('mic-off'), el('span'))));
  }

  /** @param {HTMLElement} card @param {string} id */
  #update(card, id) {
    const { state, t } = this.app;
    const who = personOf(state, id);
    const name = who ? unitOf(state, who)?.name || who.name : '';
    setText(/** @type {HTMLElement} */ (card.querySelector('b')), t('noise.from', { name }));
    const button = /** @type {HTMLElement} */ (card.querySelector('button'));
    setText(/** @type {HTMLElement} */ (button.lastElementChild), t('noise.mute'));
    button.setAttribute('aria-label', t('roster.mute', { name }));
  }
}

customElements.define('gb-noise', Noise);

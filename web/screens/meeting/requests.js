import { el, list, setText } from '../../kit/dom.js';
import { clock } from '../../kit/format.js';
import { ownRole, personOf, unitOf } from '../../state/people.js';
import { AppElement, changed } from '../shared/element.js';

/** @typedef {import('../../protocol/views.js').RequestView} RequestView */

/** For how long a technician may listen. */
const LISTEN_MINUTES = 10;

/** Requests that chair or operator must decide: a card each, with no and yes. */
export class RequestCards extends AppElement {
  #list = el('ul', { class: 'cards', 'aria-live': 'polite' });

  /** @override */
  build() {
    this.#list.setAttribute('aria-label', this.app.t('requests.title'));
    this.replaceChildren(this.#list);
  }

  /** @override @type {AppElement['render']} */
  render(state, before) {
    if (changed(state, before, 'requests', 'roster')) this.#show();
  }

  #show() {
    const { state } = this.app;
    const role = ownRole(state);
    const staff = role === 'chair' || role === 'operator';
    const open = staff ? state.requests.requests.filter((one) => one.participant !== state.welcome?.participant) : [];
    this.hidden = open.length === 0;
    list(this.#list, open, (one) => `${one.participant} ${one.permission}`, (one) => this.#make(one), (card, one) => this.#update(card, one));
  }

  /** @param {RequestView} request */
  #make({ participant, permission }) {
    const { app } = this;
    const decide = (/** @type {boolean} */ granted) => app.send({ type: 'decide', participant, permission, granted, minutes: LISTEN_MINUTES });
    return el('li', { class: 'request', 'data-testid': 'request-card', 'data-permission': permission, 'data-participant': participant },
      el('b'), el('span', { class: 'soft' }),
      el('div', { class: 'btns' },
        el('button', { class: 'btn', type: 'button', 'data-testid': 'request-no', onclick: () => decide(false) }),
        el('button', { class: 'btn btn-main', type: 'button', 'data-testid': 'request-yes', onclick: () => decide(true) })),
      el('span', { class: 'note soft chairs' }));
  }

  /** @param {HTMLElement} card @param {RequestView} request */
  #update(card, { participant, permission, reason, since }) {
    const { state, t } = this.app;
    const find = (/** @type {string} */ css) => /** @type {HTMLElement} */ (card.querySelector(css));
    const who = personOf(state, participant);
    const name = who ? unitOf(state, who)?.name || who.name : '';
    const asks = t(`requests.${permission}`, { name });
    const time = t('requests.at', { time: clock(since, state.language) });
    setText(find('b'), asks);
    setText(find('.soft'), reason ? `${reason} · ${time}` : time);
    const mine = permission !== 'listen' || ownRole(state) === 'chair';
    find('.btns').hidden = !mine;
    setText(find('[data-testid=request-no]'), t('requests.no'));
    setText(find('[data-testid=request-yes]'), permission === 'listen' ? t('requests.minutes', { minutes: LISTEN_MINUTES }) : t('requests.yes'));
    find('[data-testid=request-no]').setAttribute('aria-label', `${t('requests.no')}: ${asks}`);
    find('[data-testid=request-yes]').setAttribute('aria-label', `${t('requests.yes')}: ${asks}`);
    setText(find('.chairs'), mine ? '' : t('requests.chair-decides'));
    find('.chairs').hidden = mine;
  }
}

customElements.define('gb-requests', RequestCards);

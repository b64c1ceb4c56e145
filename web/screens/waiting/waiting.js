import { el, icon, setText } from '../../kit/dom.js';
import { clock as hourMinute, duration } from '../../kit/format.js';
import { AppElement, withApp } from '../shared/element.js';
import { Talk } from '../shared/talk.js';
import { count, draftOf } from './draft.js';
import { header } from './header.js';
import { ownView } from './own-view.js';
import { speechField } from './speech-field.js';
import { standbySheet } from './standby.js';

const SECOND_MS = 1000;

/**
 * In the lobby: what happens next, how long it has taken, and what to do if it takes too long. Or refused: why, and the way
 * back. Or outside a lobby that is closed, locked or full.
 */
export class Waiting extends AppElement {
  /** @override */
  build() {
    this.className = 'green on-stage is-waiting';
    this.replaceChildren(header(this.app, this.signal), ownView(this.app, draftOf(this.app.state).unit), this.#side());
    /** @type {HTMLElement | null} */ (this.querySelector('h1'))?.focus();
  }

  /** @override @type {AppElement['render']} */
  render(state, before) {
    // Another reason for being sent back or refused changes the whole sheet.
    if (before && (state.standby !== before.standby || state.seat.reason !== before.seat.reason)) this.rebuild();
  }

  #side() {
    const { seat, standby } = this.app.state;
    if (seat.seat === 'refused') return this.#refused();
    return standby ? standbySheet(this.app, standby, this.signal) : this.#waiting();
  }

  #waiting() {
    const { t } = this.app;
    const title = el('h1', { class: 'title big', tabindex: -1 }, t('waiting.title'), ' ', el('br'), t('waiting.title-2'));
    return el('section', { class: 'side sheet on-paper', 'aria-live': 'polite', 'data-testid': 'waiting' },
      el('div', { class: 'waiting' },
        el('div', { class: 'stack stack-2' }, title, this.#since()),
        this.#sentBack(),
        this.#steps(),
        speechField(this.app, this.signal),
        this.#office(),
        this.#advice(),
        el('div', { class: 'ways' },
          el('button', { class: 'btn grow', type: 'button', 'data-testid': 'waiting-withdraw', onclick: () => this.app.withdraw() },
            icon('edit'), t('waiting.correct')),
          el('button', { class: 'btn btn-quiet', type: 'button', onclick: () => void this.app.signOut() }, t('waiting.sign-out')))));
  }

  /** Why somebody was sent back from the room. */
  #sentBack() {
    const { t, state } = this.app;
    return state.seat.reason ? el('p', { class: 'alert alert-warn', role: 'alert', 'data-testid': 'sent-back' }, icon('alert'),
      el('span', null, el('b', null, t('waiting.sent-back')), el('br'), state.seat.reason)) : null;
  }

  /** Messages with staff, under this person's own id. */
  #office() {
    return withApp(new Talk(), this.app, { knock: this.app.state.welcome?.participant ?? '' });
  }

  /** How long this person has waited, by the server's clock. */
  #since() {
    const since = el('span', { class: 'since num', role: 'timer', 'aria-live': 'off', 'data-testid': 'waiting-since' });
    const here = Date.now();
    const show = () => {
      const { seat, clockMs } = this.app.state;
      setText(since, duration(seat.since ? Date.now() + clockMs - seat.since : Date.now() - here));
    };
    this.every(SECOND_MS, show);
    this.app.subscribe(show, this.signal);
    show();
    return el('p', null, since, ' ', el('span', { class: 'soft' }, this.app.t('waiting.waited')));
  }

  #steps() {
    const { t, state } = this.app;
    const since = state.seat.since ? hourMinute(state.seat.since, state.language) : '';
    return el('ol', { class: 'steps' },
      el('li', null, el('span', null, t('waiting.step-signed-in', { name: state.account?.name || state.account?.account || '' }))),
      el('li', null, el('span', null, this.#told()), el('span', { class: 'soft num' }, since)),
      el('li', { class: 'is-now', 'aria-current': 'step' }, el('span', null, el('b', null, t(this.#outsider ? 'waiting.step-now-chair' : 'waiting.step-now')), el('br'),
        el('span', { class: 'soft' }, t('waiting.step-now-do')))),
      el('li', null, el('span', null, t('waiting.step-next'))));
  }

  /** Only the chair lets in an account without a unit. */
  get #outsider() {
    const { welcome } = this.app.state;
    return welcome?.unit === null && welcome.role !== 'chair' && welcome.role !== 'operator';
  }

  #told() {
    const { t, state } = this.app;
    const draft = draftOf(state);
    const [present, total] = [count(draft.present), count(draft.total)];
    if (typeof present !== 'number') return t('waiting.step-told');
    return typeof total === 'number' ? t('waiting.step-told-count', { present, total }) : t('waiting.step-told-present', { present });
  }

  /** What to do if it takes too long; while offline, that the connection is down. */
  #advice() {
    const words = el('span', null);
    const sign = el('span', null);
    const card = el('div', { class: 'card call', role: 'status' }, sign, words);
    const show = () => {
      const online = this.app.state.online === 'online';
      if (card.dataset.online === String(online)) return;
      card.dataset.online = String(online);
      card.classList.toggle('card-warn', !online);
      sign.replaceChildren(icon(online ? 'phone' : 'lost'));
      setText(words, this.app.t(online ? 'waiting.if-long' : 'waiting.if-offline'));
    };
    this.app.subscribe(show, this.signal);
    show();
    return card;
  }

  #refused() {
    const { t, state } = this.app;
    return el('section', { class: 'side sheet on-paper', role: 'alert' },
      el('div', { class: 'waiting' },
        el('div', { class: 'stack stack-3' },
          el('span', { class: 'sign is-alarm' }, icon('alert')),
          el('h1', { class: 'title big', tabindex: -1 }, t('waiting.refused')),
          el('p', { class: 'said' }, el('small', null, t('waiting.refused-reason')),
            el('span', { 'data-testid': 'refused-reason' }, state.seat.reason || t('waiting.refused-no-reason'))),
          el('p', null, t('waiting.refused-do'))),
        el('div', { class: 'ways is-refused' },
          el('button', { class: 'btn btn-main btn-big btn-wide', type: 'button', 'data-testid': 'refused-again', onclick: () => this.app.again() },
            t('waiting.again')),
          el('button', { class: 'btn btn-quiet', type: 'button', onclick: () => void this.app.signOut() }, t('waiting.sign-out')))));
  }
}

customElements.define('gb-waiting', Waiting);

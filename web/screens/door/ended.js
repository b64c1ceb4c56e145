import { el, icon } from '../../kit/dom.js';
import { AppElement } from '../shared/element.js';
import { clock, mark } from '../shared/head.js';
import { languageChoice } from '../shared/language.js';

/** @typedef {{sign: string, tone: '' | 'is-warn' | 'is-alarm', again: boolean}} Ending */

/** How each ending looks; its words are `ended.<code>` and `ended.<code>-do`. @type {Record<string, Ending>} */
const ENDINGS = {
  left: { sign: 'check', tone: '', again: true },
  ended: { sign: 'check', tone: '', again: false },
  kicked: { sign: 'leave', tone: 'is-alarm', again: false },
  banned: { sign: 'ban', tone: 'is-alarm', again: false },
  'taken-over': { sign: 'screen', tone: 'is-warn', again: true },
  'seat-expired': { sign: 'clock', tone: 'is-warn', again: true },
  'shutting-down': { sign: 'alert', tone: 'is-warn', again: true },
  'not-signed-in': { sign: 'key', tone: 'is-warn', again: true },
  'meeting-ended': { sign: 'check', tone: '', again: false },
  'protocol-version': { sign: 'alert', tone: 'is-warn', again: true },
};
/** Any other ending: the server's reason, and the way back. @type {Ending} */
const OTHER = { sign: 'alert', tone: 'is-warn', again: true };

/** Out of the meeting: the reason, and the way back. */
export class Ended extends AppElement {
  /** @override */
  build() {
    const { t, state } = this.app;
    const { code, reason } = state.bye ?? { code: 'left', reason: '' };
    const ending = ENDINGS[code] ?? OTHER;
    const known = code in ENDINGS;
    const title = el('h1', { class: 'title', tabindex: -1, 'data-testid': 'ended-title' }, t(known ? `ended.${code}` : 'ended.other'));
    this.className = 'ended on-stage';
    this.replaceChildren(
      el('img', { src: '/art/hills.svg', alt: '' }),
      el('header', { class: 'top' }, mark(state.centre || t('door.product'), state.welcome?.meeting.title), el('span', { class: 'grow' }),
        languageChoice(this.app, true), clock(this.app, this.signal)),
      el('section', { class: 'farewell sheet on-paper', role: ending.tone ? 'alert' : null },
        el('span', { class: `sign ${ending.tone}` }, icon(ending.sign)),
        el('div', { class: 'stack' }, title,
          el('p', { 'data-testid': 'ended-reason', 'data-code': code }, known ? t(`ended.${code}-do`) : t(`why.${code}`))),
        reason ? el('p', { class: 'said' }, el('small', null, t('ended.reason')), reason) : null,
        this.#ways(ending)));
    title.focus();
  }

  /** @param {Ending} ending */
  #ways(ending) {
    const { t } = this.app;
    const again = el('button', {
      class: ending.again ? 'btn btn-main btn-big btn-wide' : 'btn btn-wide', type: 'button', 'data-testid': 'ended-again',
      onclick: () => this.app.again(),
    }, t('ended.again'));
    const out = el('button', {
      class: 'btn btn-quiet btn-wide', type: 'button', 'data-testid': 'ended-sign-out', onclick: () => void this.app.signOut(),
    }, t('ended.sign-out'));
    return el('div', { class: 'stack' }, again, out);
  }
}

customElements.define('gb-ended', Ended);

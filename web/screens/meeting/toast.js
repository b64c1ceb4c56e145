import { el, icon } from '../../kit/dom.js';
import { isHost, ownRole } from '../../state/people.js';
import { announcement, keyNames } from '../../state/recording.js';
import { AppElement } from '../shared/element.js';
import { deviceNews, takeOffered } from '../shared/own-devices.js';
import { serverWarning } from './server.js';

const SHOWN_MS = 7000;
/** What can be pressed stays longer. */
const OFFERED_MS = 20_000;

/** What the server refused and why, the answer to a request, news of the recording and of the own devices. Disappears by itself. */
export class Toast extends AppElement {
  #timer = 0;

  /** @override */
  build() {
    this.setAttribute('role', 'alert');
    this.whenLeaving(() => clearTimeout(this.#timer));
    if (isHost(this.app.state.account?.role)) void serverWarning(this.app).then((text) => text && !this.signal.aborted && this.#say(text, false, 'server-warning'));
  }

  /** @override @type {AppElement['render']} */
  render(state, before) {
    if (!before) return;
    if (state.refusal && state.refusal !== before.refusal) this.#say(this.app.t(`why.${state.refusal.code}`));
    if (state.hint !== before.hint && state.hint?.speaking_muted) this.#say(this.app.t('hint.speaking-muted'), false, 'hint');
    if (state.decision && state.decision !== before.decision) this.#decided(state.decision);
    this.#recorded(state, announcement(state, before));
    if (state.deviceNews !== before.deviceNews) this.#device();
  }

  /** The answer to this person's own request. @param {import('../../protocol/server.js').Decision} decision */
  #decided({ permission, granted, reason }) {
    const { t } = this.app;
    const answer = t(`decision.${permission}-${granted ? 'yes' : 'no'}`);
    this.#say(reason ? t('decision.because', { answer, reason }) : answer, granted);
  }

  /**
   * Everybody is told that a recording began, ended or failed. Staff are told what needs attention.
   * @param {import('../../state/store.js').State} state
   * @param {ReturnType<typeof announcement>} what
   */
  #recorded(state, what) {
    const { trouble, minutes_left } = state.recording;
    const forHosts = what === 'trouble' || what === 'low';
    if (!what || (forHosts && !isHost(ownRole(state)))) return;
    const key = what === 'failed' || what === 'trouble' ? `recording.trouble-${trouble || 'recorder-unavailable'}` : `recording.told-${what}`;
    this.#say(this.app.t(key, { names: keyNames(state), count: minutes_left }), !forHosts && what !== 'failed', 'recording-toast');
  }

  #device() {
    const told = deviceNews(this.app);
    if (told) this.#say(told.text, told.good, 'device-news', takeOffered(this.app));
    else if (this.querySelector('[data-testid=device-news]')) this.replaceChildren();
  }

  /** @param {string} text @param {boolean} [good] @param {string} [testid] @param {HTMLElement | null} [act] */
  #say(text, good = false, testid = 'toast', act = null) {
    const close = el('button',
      { class: 'btn btn-quiet btn-icon', type: 'button', 'aria-label': this.app.t('dialog.close') }, icon('close'));
    close.addEventListener('click', () => this.replaceChildren(), { signal: this.signal });
    this.replaceChildren(
      el('div', { class: good ? 'toast toast-good on-paper' : 'toast toast-warn on-paper', 'data-testid': testid }, icon(good ? 'check' : 'alert'), el('span', null, text), close, act));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.replaceChildren(), act ? OFFERED_MS : SHOWN_MS);
  }
}

customElements.define('gb-toast', Toast);

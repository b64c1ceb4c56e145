import { el, fill, icon, setText } from '../../kit/dom.js';
import { day } from '../../kit/format.js';
import { AppElement, changed } from '../shared/element.js';
import { clock, mark } from '../shared/head.js';
import { languageChoice } from '../shared/language.js';
import { meetingCode } from './meeting-code.js';

/** Keeps what was typed when the language changes. The password does not outlive the page. */
const typed = { meeting: '', account: '', password: '' };

/** The door: meeting, account and password, and one big button. */
export class Door extends AppElement {
  #busy = false;
  /** The newest attempt did not reach the server. */
  #lost = false;
  #waitUntil = 0;
  #timer = 0;
  #meeting = el('input', {});
  #account = el('input', {});
  #password = el('input', {});
  #submit = el('button', {});
  #error = el('div', {});
  #line = el('span', {});

  /** @override */
  build() {
    const { state } = this.app;
    typed.meeting ||= state.meeting ?? state.defaultMeeting ?? '';
    this.className = 'door';
    this.replaceChildren(this.#view(), this.#paper());
    this.whenLeaving(() => {
      clearInterval(this.#timer);
      if (this.app.state.account) typed.password = '';
    });
  }

  /** @override @type {AppElement['render']} */
  render(state, before) {
    if (changed(state, before, 'refusal')) this.#refused();
    this.#update();
    if (!before) [this.#meeting, this.#account, this.#password].find((input) => !input.value)?.focus();
  }

  /** The picture: dawn over the hills, with a light for every station. */
  #view() {
    const { t, state } = this.app;
    const today = day(Date.now() + state.clockMs, state.language);
    return el('section', { class: 'door-view on-stage', 'aria-labelledby': 'door-motto' },
      el('img', { src: '/art/hills.svg', alt: '' }),
      mark(state.centre || t('door.product'), t('door.tagline')),
      el('div', { class: 'stack stack-3 wide' },
        el('p', { class: 'title motto', id: 'door-motto' }, t('door.motto')),
        el('div', { class: 'today on-paper' }, clock(this.app, this.signal, 'at'), el('div', null,
          el('b', null, today), el('br'), t('door.today')))),
      el('p', { class: 'row wide' }, icon('lock', 'icon-s'), t('door.private')));
  }

  #paper() {
    const { t } = this.app;
    this.#line = el('span', { class: 'badge', role: 'status' });
    return el('section', { class: 'door-form on-paper', 'aria-labelledby': 'door-title' },
      el('div', { class: 'row between' }, this.#line, languageChoice(this.app)),
      this.#form(),
      el('p', { class: 'note soft' }, t('door.help')));
  }

  #form() {
    const { t } = this.app;
    this.#meeting = this.#input('meeting', { class: 'input input-big num', autocomplete: 'off', 'aria-describedby': 'door-meeting-note' });
    this.#account = this.#input('account', { autocomplete: 'username' });
    this.#password = this.#input('password', { type: 'password', autocomplete: 'current-password' });
    this.#error = el('div', { class: 'alert', role: 'alert', 'data-testid': 'door-error', hidden: true });
    this.#submit = el('button', { class: 'btn btn-main btn-big btn-wide', type: 'submit', 'data-testid': 'door-submit' });
    const show = el('button', {
      class: 'btn btn-quiet peek', type: 'button', 'aria-pressed': false, onclick: () => {
        const hidden = this.#password.type === 'password';
        this.#password.type = hidden ? 'text' : 'password';
        show.setAttribute('aria-pressed', String(hidden));
        setText(show, t(hidden ? 'door.hide-password' : 'door.show-password'));
      },
    }, t('door.show-password'));
    const form = el('form', { class: 'stack stack-2', novalidate: true, 'aria-labelledby': 'door-title' },
      el('h1', { class: 'title door-title', id: 'door-title' }, t('door.title')),
      el('label', { class: 'field' }, el('span', null, t('door.meeting')), this.#meeting,
        el('span', { class: 'fieldnote', id: 'door-meeting-note' }, t('door.meeting-note'))),
      el('label', { class: 'field' }, el('span', null, t('door.account')), this.#account),
      el('div', { class: 'field' },
        el('label', { for: 'door-password' }, el('b', null, t('door.password'))),
        el('div', { class: 'with-peek' }, this.#password, show)),
      this.#error,
      this.#submit);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#enter();
    }, { signal: this.signal });
    return form;
  }

  /** @param {'meeting' | 'account' | 'password'} name @param {import('../../kit/dom.js').Attributes} more */
  #input(name, more) {
    const input = el('input', {
      class: 'input', id: `door-${name}`, name, 'data-testid': `door-${name}`, required: true, maxlength: 200,
      autocapitalize: 'none', spellcheck: 'false', ...more, oninput: () => {
        typed[name] = input.value;
        input.removeAttribute('aria-invalid');
      },
    });
    input.value = typed[name];
    return input;
  }

  async #enter() {
    if (this.#busy || Date.now() < this.#waitUntil) return;
    const meeting = meetingCode(typed.meeting);
    const missing = !meeting ? this.#meeting : !typed.account.trim() ? this.#account : !typed.password ? this.#password : null;
    if (missing) {
      this.#say(missing === this.#meeting && typed.meeting.trim() ? 'bad-code' : `no-${missing.name}`, missing);
      return;
    }
    this.#busy = true;
    this.#error.hidden = true;
    this.#update();
    const problem = await this.app.signIn(meeting, typed.account.trim(), typed.password);
    this.#busy = false;
    this.#lost = problem?.code === 'unreachable';
    if (!this.isConnected) return;
    if (problem) this.#failed(problem.code, problem.retry_after_s ?? 0);
    this.#update();
  }

  /** @param {string} code @param {number} retryAfterS */
  #failed(code, retryAfterS) {
    if (code === 'bad-credentials') {
      this.#say(code, this.#password);
      this.#password.select();
    } else if (code === 'unknown-meeting') {
      this.#say(code, this.#meeting);
      this.#meeting.select();
    } else if (code === 'too-many-attempts') {
      this.#pause(Math.max(1, Math.ceil(retryAfterS)));
    } else {
      this.#say(code === 'unreachable' || code === 'bad-request' ? code : 'other', null, code);
    }
  }

  /** A refusal that came over the WebSocket, perhaps before this screen was shown. */
  #refused() {
    const refusal = this.app.state.refusal;
    if (!refusal || this.#busy) return;
    if (refusal.code === 'unknown-meeting') this.#say(refusal.code, this.#meeting);
    else this.#say('other', null, refusal.code);
  }

  /**
   * @param {string} what key of the text
   * @param {HTMLInputElement | null} field what must be corrected
   * @param {string} [code] one with a text of its own under `why.`
   */
  #say(what, field, code) {
    const { t } = this.app;
    fill(this.#error, icon('alert'), el('span', { id: 'door-error-text' },
      what === 'other' && code ? t(`why.${code}`) : t(`door.error.${what}`)));
    this.#error.hidden = false;
    for (const input of [this.#meeting, this.#account, this.#password]) {
      input.toggleAttribute('aria-invalid', false);
      if (input === field) input.setAttribute('aria-invalid', 'true');
    }
    field?.focus();
  }

  /** Too many attempts: the form is blocked for some seconds. @param {number} seconds */
  #pause(seconds) {
    this.#waitUntil = Date.now() + seconds * 1000;
    const left = el('b', { class: 'num', 'aria-live': 'off' });
    fill(this.#error, icon('clock'), el('span', null, this.app.t('door.error.too-many-attempts'), ' ', left));
    this.#error.hidden = false;
    const tick = () => {
      const remaining = Math.ceil((this.#waitUntil - Date.now()) / 1000);
      setText(left, this.app.t('door.seconds', { seconds: Math.max(0, remaining) }));
      if (remaining > 0) return;
      clearInterval(this.#timer);
      this.#error.hidden = true;
      this.#update();
    };
    clearInterval(this.#timer);
    this.#timer = setInterval(tick, 500);
    tick();
  }

  #update() {
    const { t, state } = this.app;
    const coming = this.#busy || (state.account !== null && (state.online === 'connecting' || state.online === 'reconnecting'));
    const paused = Date.now() < this.#waitUntil;
    const label = t(coming ? 'door.entering' : 'door.continue');
    if (this.#submit.dataset.label !== label) {
      this.#submit.dataset.label = label;
      fill(this.#submit, label, coming ? null : icon('chevron-right'));
    }
    this.#submit.setAttribute('aria-busy', String(coming));
    this.#submit.setAttribute('aria-disabled', String(paused));
    const reached = state.centre !== '' && !this.#lost;
    this.#line.className = reached ? 'badge badge-good' : 'badge badge-warn';
    const words = t(reached ? 'door.reached' : 'door.not-reached');
    if (this.#line.textContent !== words) fill(this.#line, icon(reached ? 'signal' : 'lost'), words);
  }
}

customElements.define('gb-door', Door);

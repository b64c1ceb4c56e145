import { el, icon, list, setText } from '../../kit/dom.js';
import { clock } from '../../kit/format.js';
import { newest, unread } from '../../state/talk.js';
import { sheet } from './dialog.js';
import { AppElement, changed, withApp } from './element.js';

/** @typedef {import('../../app/app.js').App} App */
/** @typedef {import('../../protocol/views.js').TalkLine} TalkLine */

const MAX_LENGTH = 500;
const NOTHING = /** @type {readonly TalkLine[]} */ (Object.freeze([]));
/** When the newest message shown here was sent, by knock. @type {Map<string, number>} */
const seen = new Map();

/**
 * The messages with somebody in the lobby.
 * @param {App} app
 * @param {string} knock
 */
export function said(app, knock) {
  return app.state.talks[knock] ?? NOTHING;
}

/**
 * How many messages have not been shown on this page yet.
 * @param {App} app
 * @param {string} knock
 * @param {boolean} staff whether the reader is staff
 */
export function unseen(app, knock, staff) {
  return unread(said(app, knock), seen.get(knock) ?? 0, staff);
}

/**
 * The messages in a sheet, for staff.
 * @param {App} app
 * @param {string} knock
 * @param {string} name
 */
export function openTalk(app, knock, name) {
  const talk = withApp(new Talk(), app, { knock, staff: true });
  sheet(app, app.t('talk.with', { name }), talk);
  talk.focus();
}

/** Messages between somebody in the lobby and staff. */
export class Talk extends AppElement {
  knock = '';
  staff = false;

  #list = el('ol', { class: 'talk-lines scroll', role: 'log', tabindex: 0 });
  #input = el('input', { class: 'input', maxlength: MAX_LENGTH, autocomplete: 'off', 'data-testid': 'talk-input' });

  /** @override */
  build() {
    const { signal } = this;
    const { t } = this.app;
    const hint = t(this.staff ? 'talk.write' : 'talk.write-office');
    this.#input.setAttribute('placeholder', hint);
    this.#input.setAttribute('aria-label', hint);
    this.#list.setAttribute('aria-label', t('talk.title'));
    const form = el('form', { class: 'talk-form' }, this.#input,
      el('button', { class: 'btn', type: 'submit', 'data-testid': 'talk-send' }, t('talk.send')));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#say();
    }, { signal });
    this.dataset.testid = 'talk';
    this.replaceChildren(this.#list, form);
  }

  /** @override @type {AppElement['render']} */
  render(state, before) {
    if (!changed(state, before, 'talks')) return;
    if (before && !this.staff && unseen(this.app, this.knock, false) > 0) this.app.ring(); // staff have answered
    this.#show();
  }

  /** @override */
  focus() {
    this.#input.focus();
  }

  #say() {
    const text = this.#input.value.trim();
    if (!text) return;
    const sent = this.app.send(this.staff ? { type: 'talk', text, knock: this.knock } : { type: 'talk', text });
    if (sent) this.#input.value = ''; // otherwise it stays and can be sent again
  }

  #show() {
    const { app } = this;
    const lines = said(app, this.knock);
    seen.set(this.knock, newest(lines));
    this.#list.hidden = lines.length === 0;
    list(this.#list, lines, (line) => `${line.at} ${line.name} ${line.text}`, (line) => this.#make(line), () => {});
    this.#list.scrollTop = this.#list.scrollHeight;
    this.dispatchEvent(new CustomEvent('talk-read', { bubbles: true }));
  }

  /** @param {TalkLine} line */
  #make(line) {
    const { app } = this;
    const head = el('small', { class: 'soft' });
    setText(head, app.t('talk.said', { name: line.name, time: clock(line.at, app.state.language) }));
    return el('li', { class: line.staff === this.staff ? 'is-own' : '' }, line.staff && !this.staff ? icon('people') : null,
      el('span', null, head, el('span', { class: 'words' }, line.text)));
  }
}

customElements.define('gb-talk', Talk);

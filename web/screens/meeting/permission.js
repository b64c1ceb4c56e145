import { el, setText } from '../../kit/dom.js';
import { clock } from '../../kit/format.js';
import { ownRequest, phaseOf } from '../../state/permissions.js';
import { confirmation, sheet } from '../shared/dialog.js';
import { AppElement, withApp } from '../shared/element.js';

/** @typedef {import('../../app/app.js').App} App */
/** @typedef {import('../../protocol/words.js').Permission} Permission */
/** @typedef {import('../../state/permissions.js').Phase} Phase */

/**
 * The sheet of a permission ("Xin rời họp", "Xin trình chiếu", "Xin vào nghe"): the reason, waiting, the answer. Only
 * leaving has a sheet when it is already permitted: it asks once more.
 * @param {App} app
 * @param {Permission} permission
 */
export function openPermission(app, permission) {
  const inside = withApp(new PermissionSheet(), app, { permission });
  const dialog = sheet(app, titleOf(app, permission), inside);
  inside.done = () => dialog.close();
  inside.focus();
}

/** Once leaving is permitted, the title is no longer a request. @param {App} app @param {Permission} permission */
function titleOf(app, permission) {
  const free = permission === 'leave' && phaseOf(app.state, permission) === 'free';
  return app.t(free ? 'leave.bar-free' : `ask.${permission}`);
}

/** The inside of a permission's sheet; it changes with the answer. */
export class PermissionSheet extends AppElement {
  /** @type {Permission} */
  permission = 'leave';
  /** Closes the sheet. */
  done = () => {};

  /** @type {Phase | null} */
  #phase = null;
  #reason = el('textarea', { class: 'input', maxlength: 500, 'data-testid': 'ask-reason' });

  /** @override */
  build() {
    this.#phase = null;
    this.className = 'stack stack-2';
    this.dataset.testid = 'ask';
  }

  /** @override */
  focus() {
    /** @type {HTMLElement | null} */ (this.querySelector('textarea, .btn-main'))?.focus();
  }

  /** @override */
  render() {
    const phase = phaseOf(this.app.state, this.permission);
    if (phase === this.#phase) return;
    const first = this.#phase === null;
    this.#phase = phase;
    this.dataset.phase = phase;
    const title = this.closest('dialog')?.querySelector('h2');
    if (title) setText(title, titleOf(this.app, this.permission));
    if (phase === 'free' && this.permission !== 'leave') this.done();
    else if (phase === 'free') this.replaceChildren(...this.#free());
    else this.replaceChildren(...(phase === 'asked' ? this.#asked() : this.#ask()));
    if (!first) this.focus();
  }

  #free() {
    const { t } = this.app;
    return [el('p', null, t('dialog.leave-text')),
      this.#button('btn-danger', 'leave-go', t('bar.leave'), () => this.#leave())];
  }

  #ask() {
    const { app, permission } = this;
    const { t } = app;
    const form = el('form', { class: 'stack stack-2' },
      el('p', null, t(`ask.${permission}-text`)),
      el('label', { class: 'field' }, el('span', null, t('ask.reason')), this.#reason),
      el('button', { class: 'btn btn-main', type: 'submit', 'data-testid': 'ask-send' }, t('ask.send')));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      app.send({ type: 'ask', permission, reason: this.#reason.value.trim() });
    });
    return permission === 'leave' ? [form, this.#withoutLeave(t('ask.leave-now'))] : [form];
  }

  #asked() {
    const { app, permission } = this;
    const { t, state } = app;
    const since = ownRequest(state, permission)?.since ?? 0;
    const waits = el('p', { role: 'status' });
    setText(waits, t(`ask.${permission}-waits`, { time: clock(since, state.language) }));
    const back = this.#button('', 'ask-back', t('ask.back'), () => {
      app.send({ type: 'unask', permission });
      this.done();
    });
    return permission === 'leave' ? [waits, back, this.#withoutLeave(t('ask.leave-unanswered'))] : [waits, back];
  }

  /** Nobody is kept from leaving, but they are told how it will be recorded. @param {string} words */
  #withoutLeave(words) {
    return this.#button('btn-quiet', 'leave-now', words, async () => {
      const { app } = this;
      this.done();
      const answer = await confirmation(app, {
        title: app.t('ask.leave-sure'), text: app.t('ask.leave-recorded'), confirm: app.t('ask.leave-anyway'), danger: true,
      });
      if (answer !== null) app.leave();
    });
  }

  #leave() {
    this.done();
    this.app.leave();
  }

  /** @param {string} look @param {string} testid @param {string} words @param {() => void} act */
  #button(look, testid, words, act) {
    return el('button', { class: `btn ${look}`, type: 'button', 'data-testid': testid, onclick: act }, words);
  }
}

customElements.define('gb-ask', PermissionSheet);

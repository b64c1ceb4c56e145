import { el } from '../../kit/dom.js';

/** @typedef {{title: string, text: string, confirm: string, reason?: boolean, danger?: boolean, extra?: HTMLElement}} Question */

/**
 * Ask for confirmation of something that cannot be undone, and for its reason if needed.
 * @param {import('../../app/app.js').App} app
 * @param {Question} question with `reason` something must be written before it can be confirmed
 * @returns {Promise<string | null>} the reason ('' when none was asked for); null: cancelled
 */
export function confirmation(app, question) {
  const input = el('textarea', { class: 'input', maxlength: 500, required: true, 'data-testid': 'dialog-reason' });
  const cancel = el('button', { class: 'btn', type: 'button', 'data-testid': 'dialog-cancel' }, app.t('dialog.cancel'));
  const confirm = el('button',
    { class: question.danger ? 'btn btn-danger' : 'btn btn-main', type: 'submit', 'data-testid': 'dialog-confirm' },
    question.confirm);
  const form = el('form', { class: 'stack stack-2', method: 'dialog' },
    el('h2', { class: 'h2' }, question.title),
    el('p', null, question.text),
    question.extra,
    question.reason && el('label', { class: 'field' }, el('span', null, app.t('dialog.reason')), input),
    el('div', { class: 'acts' }, cancel, confirm));
  const dialog = el('dialog', { class: 'dialog on-paper', 'aria-label': question.title }, form);
  return new Promise((resolve) => {
    let answer = /** @type {string | null} */ (null);
    cancel.addEventListener('click', () => dialog.close());
    form.addEventListener('submit', (event) => {
      const reason = input.value.trim();
      if (question.reason && !reason) {
        event.preventDefault();
        input.value = '';
        input.reportValidity();
        return;
      }
      answer = reason;
    });
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(answer);
    });
    open(app, dialog);
    (question.reason ? input : cancel).focus();
  });
}

/**
 * A sheet with any content and a button that closes it.
 * @param {import('../../app/app.js').App} app
 * @param {string} title
 * @param {...(Node | false)} children
 * @returns {HTMLDialogElement}
 */
export function sheet(app, title, ...children) {
  const close = el('button', { class: 'btn btn-main', type: 'button' }, app.t('dialog.close'));
  const dialog = el('dialog', { class: 'dialog on-paper', 'aria-label': title },
    el('div', { class: 'stack stack-2' }, el('h2', { class: 'h2' }, title), ...children,
      el('div', { class: 'acts' }, close)));
  close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', () => dialog.remove());
  open(app, dialog);
  // If there is another button, that is the main one.
  if (dialog.querySelectorAll('.btn').length > 1) close.classList.remove('btn-main');
  return dialog;
}

/**
 * Show a dialog until it is closed, or until the screen or the language changes.
 * @param {import('../../app/app.js').App} app
 * @param {HTMLDialogElement} dialog
 */
function open(app, dialog) {
  const abort = new AbortController();
  dialog.addEventListener('close', () => abort.abort(), { once: true });
  app.subscribe((state, before) => {
    if (state.screen !== before.screen || state.language !== before.language) dialog.close();
  }, abort.signal);
  document.body.append(dialog);
  dialog.showModal();
}

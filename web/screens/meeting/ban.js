import { el, fill } from '../../kit/dom.js';
import { confirmation } from '../shared/dialog.js';

/** @typedef {import('../../app/app.js').App} App */

/** Days after which a ban ends by itself; 0: somebody has to lift it. */
const DAYS = /** @type {const} */ ([0, 1, 7, 30]);

/**
 * Keep an account out of the meeting, with a reason, and with an end if wished.
 * @param {App} app
 * @param {string} participant
 * @param {string} name
 */
export async function ban(app, participant, name) {
  const { t } = app;
  const choice = el('select', { class: 'input select', 'data-testid': 'ban-days' });
  fill(choice, DAYS.map((days) => el('option', { value: String(days) }, t(`ban.days-${days}`))));
  const reason = await confirmation(app, {
    title: t('dialog.ban-title', { name }), text: t('dialog.ban-text'), confirm: t('act.ban'), reason: true, danger: true,
    extra: el('label', { class: 'field' }, el('span', null, t('ban.until')), choice),
  });
  if (reason !== null) app.send({ type: 'ban', participant, reason, days: Number(choice.value) });
}

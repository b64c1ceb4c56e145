import { el, fill } from '../../kit/dom.js';
import { clock } from '../../kit/format.js';
import { sheet } from '../shared/dialog.js';

/** @typedef {import('../../app/app.js').App} App */
/** @typedef {import('../../app/app.js').AuditEntry} Entry */

/**
 * The log of this meeting for chair and operator: who did what, when and from where. It can be downloaded, too.
 * @param {App} app
 */
export function openAudit(app) {
  const { t } = app;
  const rows = el('ol', { class: 'audit scroll', tabindex: 0, 'data-testid': 'audit', 'aria-busy': true }, el('li', { class: 'soft' }, t('log.reading')));
  const file = (/** @type {'csv' | 'jsonl'} */ form, /** @type {string} */ words) =>
    el('a', { class: 'btn grow', href: app.auditFile(form), download: '', 'data-testid': `audit-${form}` }, words);
  sheet(app, t('log.title'), el('p', { class: 'note soft' }, t('log.text')), rows,
    el('div', { class: 'row' }, file('csv', t('log.csv')), file('jsonl', t('log.jsonl'))));
  void app.auditLog().then((entries) => {
    rows.setAttribute('aria-busy', 'false');
    fill(rows, entries?.length ? entries.map((entry) => row(app, entry)) : el('li', { class: 'soft' }, t(entries ? 'log.empty' : 'log.failed')));
  });
}

/** @param {App} app @param {Entry} entry */
function row({ t, state }, { at, event, login, address, words }) {
  const key = `audit.${event}`;
  const word = t(key);
  return el('li', { 'data-event': event },
    el('span', { class: 'num soft' }, clock(at, state.language)),
    el('span', null, el('b', null, word === key ? event : word),
      el('small', { class: 'soft' }, [login, ...words, address].filter(Boolean).join(' · '))));
}

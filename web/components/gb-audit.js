import { auditFile, auditOf } from '../js/audit.js';
import { el, fill } from '../js/dom.js';
import { clock } from '../js/format.js';
import { sheet } from './gb-dialog.js';

/** @typedef {import('../js/app.js').App} App */
/** @typedef {import('../js/audit.js').Entry} Entry */

/**
 * The log of this meeting for chair and operator: who did what, when, from where; and as a file.
 * @param {App} app
 */
export function openAudit(app) {
  const { t, state } = app;
  const meeting = state.welcome?.meeting.code ?? '';
  const rows = el('ol', { class: 'audit scroll', tabindex: 0, 'data-testid': 'audit', 'aria-busy': true }, el('li', { class: 'soft' }, t('log.reading')));
  const file = (/** @type {'csv' | 'jsonl'} */ form, /** @type {string} */ words) =>
    el('a', { class: 'btn grow', href: auditFile(meeting, form), download: '', 'data-testid': `audit-${form}` }, words);
  sheet(app, t('log.title'), el('p', { class: 'note soft' }, t('log.text')), rows,
    el('div', { class: 'row' }, file('csv', t('log.csv')), file('jsonl', t('log.jsonl'))));
  void auditOf(meeting).then((entries) => {
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

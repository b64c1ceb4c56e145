import { el, fill, icon } from '../../kit/dom.js';
import { day } from '../../kit/format.js';
import { sheet } from '../shared/dialog.js';

/** @typedef {import('../../app/app.js').App} App */
/** @typedef {import('../../app/app.js').Certificate} Certificate */

/**
 * How the server's certificates stand, for chair and operator: until when, and what must be done. And the hash
 * of the audit log, to note elsewhere.
 * @param {App} app
 */
export function openServer(app) {
  const { t } = app;
  const facts = el('div', { class: 'server scroll', 'data-testid': 'server', 'aria-busy': true }, el('p', { class: 'soft' }, t('server.reading')));
  sheet(app, t('server.title'), facts);
  void app.server().then((answer) => {
    facts.setAttribute('aria-busy', 'false');
    if (!answer) return fill(facts, el('p', { class: 'soft' }, t('server.failed')));
    const { certificate, authority, audit } = answer;
    fill(facts,
      certificate ? part(app, 'certificate', certificate) : el('p', { class: 'soft' }, t('server.elsewhere')),
      authority && part(app, 'authority', authority,
        t('server.install'), ' ', el('a', { href: '/ca.crt', download: '' }, '/ca.crt'), el('br'),
        t('server.fingerprint', { fingerprint: inGroups(authority.fingerprint) })),
      audit && fact('edit', [el('b', null, t('server.audit')), ' ', el('span', { class: 'num', 'data-testid': 'audit-head' }, audit)],
        t('server.audit-note')),
      el('p', { class: 'note soft' }, t('server.version', { version: answer.version })));
  });
}

/** What is to be said of its own accord; empty when all is well. @param {App} app @returns {Promise<string>} */
export async function serverWarning(app) {
  const answer = await app.server();
  const { language } = app.state;
  for (const [name, one] of /** @type {const} */ ([['certificate', answer?.certificate], ['authority', answer?.authority]])) {
    if (one && one.standing !== 'ok') return app.t(`server.${name}-${one.standing}`, { begins: day(one.begins, language), ends: day(one.ends, language) });
  }
  return '';
}

/** @param {App} app @param {'certificate' | 'authority'} name @param {Certificate} one @param {import('../../kit/dom.js').Child[]} more */
function part({ t, state: { language } }, name, one, ...more) {
  const well = one.standing === 'ok';
  const days = { begins: day(one.begins, language), ends: day(one.ends, language) };
  const row = fact(well ? 'check' : 'alert', [well && el('b', null, t(`server.${name}`), ' '), t(`server.${name}-${one.standing}`, days)], ...more);
  row.dataset.standing = one.standing;
  return row;
}

/** @param {string} picture @param {import('../../kit/dom.js').Child[]} text @param {import('../../kit/dom.js').Child[]} note */
function fact(picture, text, ...note) {
  return el('div', { class: 'fact' }, icon(picture), el('div', null, el('p', null, ...text), note.length > 0 && el('p', { class: 'note soft' }, ...note)));
}

/** As people compare it: in groups of eight. @param {string} hex */
function inGroups(hex) {
  return hex.replace(/.{8}(?=.)/g, '$& ');
}

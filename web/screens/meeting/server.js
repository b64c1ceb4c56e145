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
      authority && part(app, 'authority', authority),
      authority && el('p', { class: 'note soft' }, t('server.install'), ' ', el('a', { href: '/ca.crt', download: '' }, '/ca.crt')),
      authority && el('small', { class: 'soft' }, t('server.fingerprint', { fingerprint: authority.fingerprint })),
      audit && el('p', { class: 'note' }, el('b', null, t('server.audit')), ' ', el('span', { class: 'num', 'data-testid': 'audit-head' }, audit),
        el('small', { class: 'soft' }, ' ', t('server.audit-note'))),
      el('p', { class: 'soft' }, t('server.version', { version: answer.version })));
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

/** @param {App} app @param {'certificate' | 'authority'} name @param {Certificate} one */
function part({ t, state: { language } }, name, one) {
  const well = one.standing === 'ok';
  const days = { begins: day(one.begins, language), ends: day(one.ends, language) };
  return el('p', { 'data-standing': one.standing }, icon(well ? 'check' : 'alert'), ' ', well && el('b', null, t(`server.${name}`), ' '),
    t(`server.${name}-${one.standing}`, days));
}

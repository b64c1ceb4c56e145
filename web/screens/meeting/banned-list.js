import { el, icon, list, setText } from '../../kit/dom.js';
import { clock, day } from '../../kit/format.js';
import { unitOf } from '../../state/people.js';

/** @typedef {import('../../app/app.js').App} App */
/** @typedef {import('../../protocol/views.js').BannedView} BannedView */

/**
 * The people banned from this meeting, folded away under the lobby.
 * @param {(participant: string) => void} lift
 * @returns {{element: HTMLElement, show: (app: App, banned: readonly BannedView[]) => void}}
 */
export function bannedList(lift) {
  const title = el('span');
  const people = el('ul', { class: 'banned-people' });
  const element = el('details', { class: 'banned', 'data-testid': 'lobby-banned' }, el('summary', null, icon('ban'), title), people);
  const make = (/** @type {BannedView} */ one) => el('li', { 'data-participant': one.participant },
    el('span', { class: 'grow' }, el('b'), el('small', { class: 'soft' })),
    el('button', { class: 'btn', type: 'button', 'data-testid': 'lobby-lift', onclick: () => lift(one.participant) }));
  return {
    element,
    show: (app, banned) => {
      element.hidden = banned.length === 0;
      setText(title, app.t('lobby.banned', { count: banned.length }));
      list(people, banned, (one) => one.participant, make, (row, one) => {
        const name = unitOf(app.state, one)?.name || one.name;
        const find = (/** @type {string} */ css) => /** @type {HTMLElement} */ (row.querySelector(css));
        setText(find('b'), name);
        const end = one.until ? app.t('ban.ends', { day: day(one.until, app.state.language), time: clock(one.until, app.state.language) }) : '';
        setText(find('small'), [one.reason, end].filter(Boolean).join(' · '));
        setText(find('button'), app.t('lobby.lift'));
        find('button').setAttribute('aria-label', app.t('lobby.lift-name', { name }));
      });
    },
  };
}

import { el, icon, setText } from '../../kit/dom.js';
import { clock, duration } from '../../kit/format.js';
import { every } from '../../kit/time.js';
import { knockAgainIn } from '../../state/standby.js';
import { count, draftOf } from './draft.js';

/** @typedef {import('../../app/app.js').App} App */
/** @typedef {import('../../state/standby.js').Standby} Standby */

const SECOND_MS = 1000;
const SIGNS = { 'lobby-closed': 'clock', 'meeting-locked': 'lock', 'lobby-full': 'people', 'room-full': 'people', banned: 'ban' };

/**
 * Not let into the lobby yet, or not at all: why, what the page does by itself, and what the person can do.
 * @param {App} app
 * @param {Standby} standby
 * @param {AbortSignal} signal
 * @returns {HTMLElement}
 */
export function standbySheet(app, standby, signal) {
  const { t, state } = app;
  const { welcome, language } = state;
  const banned = standby === 'banned';
  const left = el('span', { class: 'since num', role: 'timer', 'aria-live': 'off', 'data-testid': 'standby-left' });
  const opens = welcome?.opens ? clock(welcome.opens, language) : '';
  const starts = welcome?.starts ? clock(welcome.starts, language) : '';
  const closed = standby === 'lobby-closed' && opens !== '';
  const text = closed ? t('standby.lobby-closed-do', { opens, starts }) : t(`standby.${standby === 'lobby-closed' ? 'closed-unknown' : standby}-do`);
  if (!banned) knocking(app, standby, left, signal);
  return el('section', { class: 'side sheet on-paper', 'data-testid': 'standby', 'data-code': standby },
    el('div', { class: 'waiting' },
      el('div', { class: 'stack stack-3', role: 'status' },
        el('span', { class: banned ? 'sign is-alarm' : 'sign is-warn' }, icon(SIGNS[standby])),
        el('h1', { class: 'title big', tabindex: -1 }, t(`standby.${standby}`)),
        closed ? el('p', null, left, ' ', el('span', { class: 'soft' }, t('standby.left'))) : null,
        el('p', null, text)),
      el('div', { class: 'ways is-refused' },
        banned ? null : el('p', { class: 'card call' }, icon('info'), el('span', null, t('standby.by-itself'))),
        el('button', { class: 'btn btn-wide', type: 'button', 'data-testid': 'standby-back', onclick: () => app.again() },
          icon('edit'), t('waiting.correct')),
        el('button', { class: 'btn btn-quiet', type: 'button', onclick: () => void app.signOut() }, t('waiting.sign-out')))));
}

/**
 * Count down, and knock when it is time.
 * @param {App} app
 * @param {Standby} standby
 * @param {HTMLElement} left
 * @param {AbortSignal} signal
 */
function knocking(app, standby, left, signal) {
  const untilOpen = () => (app.state.welcome?.opens ?? 0) - Date.now() - app.state.clockMs;
  const plan = () => Date.now() + (knockAgainIn(standby, untilOpen(), Math.random()) ?? Infinity);
  let next = plan();
  const look = () => {
    setText(left, duration(untilOpen()));
    if (Date.now() < next || app.state.online !== 'online') return;
    const { unit, name, present, total } = draftOf(app.state);
    app.knock({ unit: unit || null, name, present: count(present) ?? null, total: count(total) ?? null });
    next = plan();
  };
  every(SECOND_MS, look, signal);
  look();
}

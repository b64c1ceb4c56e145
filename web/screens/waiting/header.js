import { el } from '../../kit/dom.js';
import { withApp } from '../shared/element.js';
import { clock, mark } from '../shared/head.js';
import { languageChoice } from '../shared/language.js';
import { RecordingLight } from '../shared/recording-light.js';

/**
 * The header of the screens before the meeting.
 * @param {import('../../app/app.js').App} app
 * @param {AbortSignal} signal
 * @returns {HTMLElement}
 */
export function header(app, signal) {
  const { t, state } = app;
  return el('header', { class: 'top' }, mark(state.centre || t('door.product')), el('span', { class: 'grow' }), withApp(new RecordingLight(), app),
    el('span', { class: 'soft wide clip' }, state.welcome?.meeting.title),
    languageChoice(app, true), clock(app, signal));
}

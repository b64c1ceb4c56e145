import { el } from '../../kit/dom.js';
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
  const light = new RecordingLight();
  light.app = app;
  return el('header', { class: 'top' }, mark(state.centre || t('door.product')), el('span', { class: 'grow' }), light,
    el('span', { class: 'soft wide clip' }, state.welcome?.meeting.title),
    languageChoice(app, true), clock(app, signal));
}

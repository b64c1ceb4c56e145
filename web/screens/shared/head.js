/** Parts of a dark screen's header: the centre's mark and the time. */
import { el, icon, setText } from '../../kit/dom.js';
import { clock as hourMinute } from '../../kit/format.js';
import { every } from '../../kit/time.js';

const SECOND_MS = 1000;

/**
 * @param {string} name the centre's
 * @param {string} [under] a line below it
 * @returns {HTMLElement}
 */
export function mark(name, under) {
  const sign = icon('logo');
  sign.setAttribute('viewBox', '0 0 36 36');
  return el('div', { class: 'mark' }, sign,
    el('div', null, el('b', { class: 'clip' }, name), under ? el('span', { class: 'soft note clip' }, under) : null));
}

/**
 * The server's time, until the signal is aborted.
 * @param {import('../../app/app.js').App} app
 * @param {AbortSignal} signal
 * @param {string} [extra] class
 * @returns {HTMLElement}
 */
export function clock(app, signal, extra = 'clock') {
  const face = el('span', { class: `${extra} num` });
  const show = () => setText(face, hourMinute(Date.now() + app.state.clockMs, app.state.language));
  every(SECOND_MS, show, signal);
  show();
  return face;
}

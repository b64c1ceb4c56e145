/** The choice of a camera or microphone, and what happened to one, in words. */

import { el, fill, icon } from '../../kit/dom.js';
import { devicesOf, usedDevice } from '../../state/own-devices.js';

/** @typedef {import('../../app/app.js').App} App */
/** @typedef {import('../../state/own-devices.js').Kind} Kind */

/** News that needs no worry. */
const GOOD = new Set(['replaced', 'allowed', 'back', 'offered']);

/**
 * A list of what can be chosen, which shows the device that is really used. It follows what is plugged in and out.
 * @param {App} app
 * @param {Kind} kind
 * @param {AbortSignal} signal
 * @param {string} testid
 */
export function deviceChoice(app, kind, signal, testid) {
  const choice = el('select', { class: 'input select', 'aria-label': app.t(`device.choose-${kind}`), 'data-testid': testid,
    onchange: () => void app.chooseDevice(kind, choice.value) });
  const show = () => {
    const { devices } = app.state;
    const used = usedDevice(devices, kind);
    fill(choice, devicesOf(devices, kind).map((one, place) =>
      el('option', { value: one.id, selected: one === used }, one.label || `${app.t(`device.${kind}`)} ${place + 1}`)));
    choice.disabled = !used;
  };
  app.subscribe((state, before) => state.devices !== before.devices && show(), signal);
  show();
  return choice;
}

/** The newest news of the own devices; null: none. @param {App} app */
export function deviceNews(app) {
  const { t, state: { deviceNews: news } } = app;
  if (!news) return null;
  const label = news.label || t('device.another');
  return { text: t(`device.${news.source}-${news.what}`, { label }), good: GOOD.has(news.what), news };
}

/** Take what was plugged in. @param {App} app */
export function takeOffered(app) {
  const news = app.state.deviceNews;
  if (news?.what !== 'offered') return null;
  return el('button', { class: 'btn', type: 'button', 'data-testid': 'device-use', onclick: () => void app.chooseDevice(news.source, news.id) },
    icon('check'), app.t('device.use'));
}

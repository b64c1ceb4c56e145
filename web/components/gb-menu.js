import { el, fill, icon } from '../js/dom.js';
import { isHost } from '../js/people.js';
import { openAudit } from './gb-audit.js';
import { sheet } from './gb-dialog.js';

/** The shortcuts, by key: what `js/keyboard.js` listens for. */
const KEYS = /** @type {const} */ ([['M', 'help.microphone'], ['V', 'help.camera'], ['?', 'help.help']]);

/**
 * What is seldom needed: devices, language, help.
 * @param {import('../js/app.js').App} app
 */
export function openMenu(app) {
  const language = app.state.language === 'vi' ? 'en' : 'vi';
  const dialog = sheet(app, app.t('bar.more'),
    el('div', { class: 'menu' },
      select(app, 'microphone'),
      select(app, 'camera'),
      // Who reads the log is settled by the account, whoever presides now.
      isHost(app.state.account?.role) && el('button', { class: 'btn btn-wide', type: 'button', 'data-testid': 'menu-log', onclick: () => {
        dialog.close();
        openAudit(app);
      } }, icon('edit'), app.t('log.title')),
      el('button', { class: 'btn btn-wide', type: 'button', onclick: () => {
        dialog.close();
        app.setLanguage(language);
      } }, icon('globe'), app.t('meeting.other-language')),
      el('button', { class: 'btn btn-wide', type: 'button', onclick: () => {
        dialog.close();
        openHelp(app);
      } }, icon('help'), app.t('help.title'))));
}

/** @param {import('../js/app.js').App} app */
export function openHelp(app) {
  sheet(app, app.t('help.title'),
    el('dl', { class: 'keys' }, ...KEYS.flatMap(([key, text]) => [
      el('dt', null, el('kbd', null, key)), el('dd', null, app.t(text))])),
    el('p', null, app.t('help.trouble')));
}

/**
 * @param {import('../js/app.js').App} app
 * @param {'microphone' | 'camera'} kind
 */
function select(app, kind) {
  const choice = el('select', { class: 'input select', disabled: true });
  choice.addEventListener('change', () => void app.devices.choose(kind, choice.value));
  void app.devices.list().then(({ cameras, microphones }) => {
    const found = kind === 'camera' ? cameras : microphones;
    const current = app.state.devices[`${kind}Label`];
    fill(choice, found.map((one, place) =>
      el('option', { value: one.id, selected: one.label === current }, one.label || `${app.t(`meeting.${kind}`)} ${place + 1}`)));
    choice.disabled = found.length === 0;
  });
  return el('label', { class: 'field' }, el('span', null, app.t(`meeting.${kind}`)), choice);
}

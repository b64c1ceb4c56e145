import { el, icon } from '../../kit/dom.js';
import { isHost, ownPerson, ownRole } from '../../state/people.js';
import { sheet } from '../shared/dialog.js';
import { deviceChoice } from '../shared/own-devices.js';
import { openAudit } from './audit.js';
import { openOwnLine } from './own-line.js';
import { openPermission } from './permission.js';
import { recordingActs } from './recording-acts.js';
import { openRecordings } from './recordings.js';
import { openRules } from './rules.js';
import { openServer } from './server.js';

/** The shortcuts by key, as `meeting.js` sets them. */
const KEYS = /** @type {const} */ ([['M', 'help.microphone'], ['V', 'help.camera'], ['H', 'help.hand'], ['N', 'help.next'], ['?', 'help.help']]);

/**
 * The menu for what is seldom needed: devices, language, help and more.
 * @param {import('../../app/app.js').App} app
 */
export function openMenu(app) {
  const language = app.state.language === 'vi' ? 'en' : 'vi';
  const chair = ownRole(app.state) === 'chair';
  const host = isHost(ownRole(app.state));
  const life = new AbortController();
  const shares = host && 'getDisplayMedia' in (navigator.mediaDevices ?? {}) && ownPerson(app.state)?.screen.gate.length !== 0;
  /** @param {string} testid @param {string} name @param {string} words @param {() => void} does */
  const act = (testid, name, words, does) => el('button', { class: 'btn btn-wide', type: 'button', 'data-testid': testid, onclick: () => {
    dialog.close();
    does();
  } }, icon(name), words);
  const dialog = sheet(app, app.t('bar.more'),
    el('div', { class: 'menu' },
      chair && act('bar-rules', 'settings', app.t('rules.title'), () => openRules(app)),
      ...recordingActs(app, act),
      !chair && app.state.welcome?.chair && act('take-chair', 'key', app.t('act.take-chair'), () => app.send({ type: 'take-chair' })),
      shares && act('menu-screen', 'screen', app.t('bar.screen-self'), () => void app.setSource('screen', true)),
      host && act('menu-line', 'signal', app.t('line.own'), () => openOwnLine(app)),
      // The account decides who reads the log, not the chair of the moment.
      isHost(app.state.account?.role) && act('menu-recordings', 'record', app.t('recordings.title'), () => openRecordings(app)),
      isHost(app.state.account?.role) && act('menu-log', 'edit', app.t('log.title'), () => openAudit(app)),
      isHost(app.state.account?.role) && act('menu-server', 'key', app.t('server.title'), () => openServer(app)),
      act('menu-language', 'globe', app.t('meeting.other-language'), () => app.setLanguage(language)),
      act('menu-help', 'help', app.t('help.title'), () => openHelp(app)),
      // The chair's bar has no room for it beside the button that ends the meeting.
      chair && act('menu-leave', 'leave', app.t('bar.leave'), () => openPermission(app, 'leave')),
      el('div', { class: 'menu-devices' }, select(app, 'microphone', life.signal), select(app, 'camera', life.signal))));
  dialog.addEventListener('close', () => life.abort(), { once: true });
}

/** @param {import('../../app/app.js').App} app */
export function openHelp(app) {
  sheet(app, app.t('help.title'),
    el('dl', { class: 'keys' }, ...KEYS.flatMap(([key, text]) => [
      el('dt', null, el('kbd', null, key)), el('dd', null, app.t(text))])),
    el('p', null, app.t('help.trouble')));
}

/**
 * @param {import('../../app/app.js').App} app
 * @param {'microphone' | 'camera'} kind
 * @param {AbortSignal} signal
 */
function select(app, kind, signal) {
  return el('label', { class: 'field' }, el('span', null, app.t(`device.${kind}`)), deviceChoice(app, kind, signal, `menu-${kind}`));
}

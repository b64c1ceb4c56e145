import { el } from '../../kit/dom.js';
import { personOf, unitOf } from '../../state/people.js';
import { OUT, actsOn } from '../../state/person-acts.js';
import { confirmation, sheet } from '../shared/dialog.js';
import { ban } from './ban.js';

/** @typedef {import('../../app/app.js').App} App */
/** @typedef {import('../../state/person-acts.js').Act} Act */
/** @typedef {import('../../protocol/client.js').ClientMessage} ClientMessage */

/** @type {Record<Exclude<Act, 'ban'>, (participant: string, reason: string) => ClientMessage>} */
const MESSAGES = {
  invite: (participant) => ({ type: 'invite', participant }),
  dialogue: (participant) => ({ type: 'invite', participant, dialogue: true }),
  'end-turn': (participant) => ({ type: 'end-turn', participant }),
  mute: (participant) => ({ type: 'mute', participant, source: 'microphone' }),
  unmute: (participant) => ({ type: 'unmute', participant, source: 'microphone' }),
  'camera-off': (participant) => ({ type: 'mute', participant, source: 'camera' }),
  'camera-allow': (participant) => ({ type: 'unmute', participant, source: 'camera' }),
  'screen-stop': (participant) => ({ type: 'mute', participant, source: 'screen' }),
  'allow-screen': (participant) => ({ type: 'decide', participant, permission: 'screen', granted: true }),
  'allow-listen': (participant) => ({ type: 'decide', participant, permission: 'listen', granted: true, minutes: 10 }),
  'stop-listen': (participant) => ({ type: 'decide', participant, permission: 'listen', granted: false }),
  'allow-leave': (participant) => ({ type: 'decide', participant, permission: 'leave', granted: true }),
  'forbid-leave': (participant) => ({ type: 'decide', participant, permission: 'leave', granted: false }),
  'hand-chair': (participant) => ({ type: 'hand-chair', participant }),
  'lend-chair': (participant) => ({ type: 'lend-chair', participant }),
  'send-back': (participant, reason) => ({ type: 'send-back', participant, reason }),
  kick: (participant, reason) => ({ type: 'kick', participant, reason }),
};

/**
 * What chair or operator may do to one person.
 * @param {App} app
 * @param {string} participant
 */
export function openPerson(app, participant) {
  const who = personOf(app.state, participant);
  if (!who) return;
  const name = unitOf(app.state, who)?.name || who.name;
  const dialog = sheet(app, name, el('p', { class: 'soft' }, who.name),
    el('div', { class: 'menu', 'data-testid': 'person-menu' }, actsOn(app.state, who).map((act) =>
      el('button', { class: OUT.includes(act) ? 'btn btn-wide btn-danger' : 'btn btn-wide', type: 'button', 'data-testid': `act-${act}`, onclick: () => {
        dialog.close();
        void carryOut(app, act, participant, name);
      } }, app.t(`act.${act}`)))));
}

/** @param {App} app @param {Act} act @param {string} participant @param {string} name */
async function carryOut(app, act, participant, name) {
  if (act === 'ban') return ban(app, participant, name);
  const out = act === 'kick' || act === 'send-back';
  if (out || act === 'hand-chair' || act === 'lend-chair') {
    const reason = await confirmation(app, {
      title: app.t(`dialog.${act}-title`, { name }), text: app.t(`dialog.${act}-text`),
      confirm: app.t(`act.${act}`), reason: out, danger: out,
    });
    if (reason !== null) app.send(MESSAGES[act](participant, reason));
    return;
  }
  app.send(MESSAGES[act](participant, ''));
}

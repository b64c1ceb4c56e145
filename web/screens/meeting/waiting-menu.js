import { el } from '../../kit/dom.js';
import { placeOf } from '../../state/floor.js';
import { personOf, unitOf } from '../../state/people.js';
import { sheet } from '../shared/dialog.js';

/** @typedef {import('../../protocol/client.js').ClientMessage} ClientMessage */

/**
 * What the chair may do about somebody in the queue, besides inviting.
 * @param {import('../../app/app.js').App} app
 * @param {string} participant
 */
export function openWaiting(app, participant) {
  const { state } = app;
  const who = personOf(state, participant);
  const wish = state.floor.queue[placeOf(state.floor, participant) - 1];
  if (!who || !wish) return;
  /** @param {string} testid @param {string} text @param {ClientMessage} message */
  const act = (testid, text, message) =>
    el('button', { class: 'btn btn-wide', type: 'button', 'data-testid': testid, onclick: () => {
      dialog.close();
      app.send(message);
    } }, text);
  const dialog = sheet(app, unitOf(state, who)?.name || who.name,
    el('p', { class: 'soft' }, wish.topic || who.name),
    el('div', { class: 'menu', 'data-testid': 'waiting-menu' },
      // At most two have the floor.
      state.floor.turns.length === 1 && act('act-dialogue', app.t('act.dialogue'), { type: 'invite', participant, dialogue: true }),
      wish.skipped ? act('act-return', app.t('floor.return'), { type: 'return', participant })
        : act('act-skip', app.t('floor.skip'), { type: 'skip', participant })));
}

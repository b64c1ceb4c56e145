import { el } from '../../kit/dom.js';
import { WORDS } from '../../protocol/words.js';
import { sheet } from '../shared/dialog.js';

/** @typedef {import('../../app/app.js').App} App */
/** @typedef {import('../../protocol/words.js').FloorMode} FloorMode */
/** @typedef {import('../../protocol/words.js').UnitKind} UnitKind */

const TURNS_S = [0, 120, 180, 300, 600];

/**
 * The chair's sheet with the rules of the meeting. Nothing changes before it is saved.
 * @param {App} app
 */
export function openRules(app) {
  const { t } = app;
  const { floor } = app.state;
  const modes = WORDS.FloorMode.map((mode) => el('input', { type: 'radio', name: 'mode', value: mode, checked: mode === floor.mode }));
  const turn = el('select', { class: 'input select', 'data-testid': 'rules-turn' },
    ...[...new Set([...TURNS_S, floor.turn_s])].sort((a, b) => a - b).map((seconds) =>
      el('option', { value: String(seconds), selected: seconds === floor.turn_s },
        seconds ? t('rules.minutes', { count: Math.round(seconds / 6) / 10 }) : t('rules.no-limit'))));
  const hard = el('input', { type: 'checkbox', checked: floor.hard_mute });
  const screen = el('input', { type: 'checkbox', checked: floor.screen_by_permission });
  const order = el('select', { class: 'input select' },
    ...orders(floor.order).map((kinds, at) => el('option', { value: kinds.join(' '), selected: at === 0 },
      kinds.map((kind) => t(`floor.kind-${kind}`)).join(' → '))));
  const form = el('form', { class: 'stack', method: 'dialog' },
    el('fieldset', { class: 'choices' }, el('legend', null, t('rules.mode')),
      ...modes.map((input, at) => el('label', { class: 'check', 'data-testid': `rules-mode-${WORDS.FloorMode[at]}` }, input,
        el('span', null, el('b', null, t(`rules.mode-${WORDS.FloorMode[at]}`)), el('small', null, t(`rules.mode-${WORDS.FloorMode[at]}-hint`)))))),
    el('label', { class: 'field' }, el('span', null, t('rules.turn')), turn),
    el('label', { class: 'field' }, el('span', null, t('rules.order')), order),
    el('label', { class: 'check' }, hard, el('span', null, t('rules.hard-mute'))),
    el('label', { class: 'check' }, screen, el('span', null, t('rules.screen'))),
    el('button', { class: 'btn btn-main btn-wide', type: 'submit', 'data-testid': 'rules-save' }, t('rules.save')));
  const dialog = sheet(app, t('rules.title'),
    el('button', { class: 'btn btn-wide', type: 'button', 'data-testid': 'go-round', onclick: () => {
      app.send({ type: 'go-round', on: !app.state.floor.go_round });
      dialog.close();
    } }, t(floor.go_round ? 'rules.go-round-off' : 'rules.go-round')),
    form);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const mode = /** @type {FloorMode} */ (modes.find((input) => input.checked)?.value ?? floor.mode);
    app.send({ type: 'set-rules', mode, turn_s: Number(turn.value), hard_mute: hard.checked, screen_by_permission: screen.checked,
      order: /** @type {UnitKind[]} */ (order.value.split(' ')) });
    dialog.close();
  });
}

/**
 * The orders to choose from, the current one first.
 * @param {readonly UnitKind[]} now
 * @returns {UnitKind[][]}
 */
function orders(now) {
  /** @type {UnitKind[][]} */
  const all = [[...now], ['board', 'office', 'department', 'station'], ['board', 'department', 'office', 'station'],
    ['board', 'station', 'department', 'office']];
  return all.filter((kinds, at) => all.findIndex((other) => other.join() === kinds.join()) === at);
}

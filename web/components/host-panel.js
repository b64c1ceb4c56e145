import { el, setText } from '../js/dom.js';
import { LineBoard, lineOf } from './gb-line-board.js';
import { Roster } from './gb-roster.js';

/** The people and their lines on one paper, a tab each, for who leads the meeting. */
const TABS = /** @type {const} */ (['people', 'lines']);
const STEPS = { ArrowLeft: -1, ArrowRight: +1, Home: -TABS.length, End: +TABS.length };

/**
 * @param {import('../js/app.js').App} app
 * @param {AbortSignal} signal
 * @returns {HTMLElement[]}
 */
export function hostPanel(app, signal) {
  const roster = new Roster();
  const board = new LineBoard();
  roster.app = board.app = app;
  const panels = { people: roster, lines: board };
  const counts = { people: el('span', { class: 'count' }), lines: el('span', { class: 'count count-weak', role: 'img' }) };
  const titles = { people: app.t('roster.title'), lines: app.t('board.title') };
  const tabs = TABS.map((name) => {
    const panel = panels[name];
    panel.id = `panel-${name}`;
    panel.setAttribute('role', 'tabpanel');
    panel.setAttribute('aria-labelledby', `tab-${name}`);
    return el('button', { class: 'tab', type: 'button', role: 'tab', id: `tab-${name}`, 'aria-controls': panel.id, 'data-testid': `tab-${name}`,
      onclick: () => open(name) }, titles[name], ' ', counts[name]);
  });
  /** @param {typeof TABS[number]} name */
  const open = (name) => {
    TABS.forEach((one, at) => {
      const chosen = one === name;
      panels[one].hidden = !chosen;
      tabs[at]?.setAttribute('aria-selected', String(chosen));
      tabs[at]?.setAttribute('tabindex', chosen ? '0' : '-1');
    });
    if (name === 'lines' && board.isConnected) board.show();
  };
  const bar = el('div', { class: 'tabs', role: 'tablist', 'aria-label': app.t('board.tabs'), onkeydown: (/** @type {KeyboardEvent} */ event) => {
    if (!(event.key in STEPS)) return;
    event.preventDefault();
    const now = tabs.findIndex((tab) => tab.getAttribute('aria-selected') === 'true');
    const next = Math.min(TABS.length - 1, Math.max(0, now + STEPS[/** @type {keyof typeof STEPS} */ (event.key)]));
    open(TABS[next] ?? 'people');
    tabs[next]?.focus();
  } }, tabs);
  const show = () => {
    const { participants } = app.state.roster;
    const weak = participants.filter((who) => lineOf(app.state, who) === 'poor').length;
    setText(counts.people, String(participants.length));
    counts.lines.hidden = weak === 0;
    setText(counts.lines, String(weak));
    counts.lines.title = app.t('board.weak', { count: weak });
    counts.lines.setAttribute('aria-label', counts.lines.title);
  };
  app.subscribe((state, before) => {
    if (state.roster !== before.roster || state.board !== before.board) show();
  }, signal);
  open('people');
  show();
  return [bar, roster, board];
}

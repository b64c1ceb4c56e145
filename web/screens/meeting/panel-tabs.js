import { el, setText } from '../../kit/dom.js';
import { ownRole } from '../../state/people.js';
import { mayHear } from '../../state/permissions.js';
import { withApp } from '../shared/element.js';
import { LineBoard, lineOf } from './line-board.js';
import { Queue } from './queue.js';
import { Roster } from './roster.js';

/** @typedef {import('../../app/app.js').App} App */
/** @typedef {'floor' | 'people' | 'lines'} Tab */

/** The tabs of each role. The first one is open at the start; the operator, who admits, needs the people first. */
const TABS = /** @type {Record<string, readonly Tab[]>} */ ({
  chair: ['floor', 'people', 'lines'],
  operator: ['people', 'floor', 'lines'],
  technician: ['people', 'floor', 'lines'],
  delegate: ['floor', 'people'],
});
/** A technician without permission to listen has the lines in the middle of the screen. */
const DEAF = /** @type {readonly Tab[]} */ (['people', 'floor']);

/**
 * The floor, the people and their lines in one panel, a tab each.
 * @param {App} app
 * @param {AbortSignal} signal
 * @returns {HTMLElement[]}
 */
export function panelTabs(app, signal) {
  const names = mayHear(app.state) ? TABS[ownRole(app.state) ?? 'delegate'] ?? DEAF : DEAF;
  /** @type {Record<Tab, Queue | Roster | LineBoard>} */
  const all = { floor: new Queue(), people: new Roster(), lines: new LineBoard() };
  const panels = names.map((name) => {
    const panel = withApp(all[name], app);
    panel.id = `panel-${name}`;
    panel.setAttribute('role', 'tabpanel');
    panel.setAttribute('aria-labelledby', `tab-${name}`);
    return panel;
  });
  const counts = tabCounts(app, signal);
  const titles = { floor: app.t('floor.title'), people: app.t('roster.title'), lines: app.t('board.tab') };
  const tabs = names.map((name) =>
    el('button', { class: 'tab', type: 'button', role: 'tab', id: `tab-${name}`, 'aria-controls': `panel-${name}`, 'data-testid': `tab-${name}`,
      onclick: () => open(name) }, titles[name], ' ', counts[name]));
  /** @param {Tab | undefined} name */
  const open = (name) => {
    names.forEach((one, at) => {
      const chosen = one === name;
      all[one].hidden = !chosen;
      tabs[at]?.setAttribute('aria-selected', String(chosen));
      tabs[at]?.setAttribute('tabindex', chosen ? '0' : '-1');
    });
    const panel = name && all[name];
    if (panel instanceof LineBoard && panel.isConnected) panel.show();
  };
  open(names[0]);
  return [tabBar(app, tabs, (place) => open(names[place])), ...panels];
}

/**
 * The tabs in a row. Arrow keys, Home and End move between them.
 * @param {App} app
 * @param {readonly HTMLElement[]} tabs
 * @param {(place: number) => void} open
 */
function tabBar(app, tabs, open) {
  const steps = { ArrowLeft: -1, ArrowRight: +1, Home: -tabs.length, End: +tabs.length };
  return el('div', { class: 'tabs', role: 'tablist', 'aria-label': app.t('board.tabs'), onkeydown: (/** @type {KeyboardEvent} */ event) => {
    if (!(event.key in steps)) return;
    event.preventDefault();
    const now = tabs.findIndex((tab) => tab.getAttribute('aria-selected') === 'true');
    const next = Math.min(tabs.length - 1, Math.max(0, now + steps[/** @type {keyof typeof steps} */ (event.key)]));
    open(next);
    tabs[next]?.focus();
  } }, tabs);
}

/**
 * The number on each tab: who waits for the floor, who is in the meeting, and how many lines are weak.
 * @param {App} app
 * @param {AbortSignal} signal
 * @returns {Record<Tab, HTMLElement>}
 */
function tabCounts(app, signal) {
  const counts = { floor: el('span', { class: 'count' }), people: el('span', { class: 'count' }), lines: el('span', { class: 'count count-weak', role: 'img' }) };
  const show = () => {
    const { state, t } = app;
    const { participants } = state.roster;
    const weak = participants.filter((who) => lineOf(state, who) === 'poor').length;
    const waiting = state.floor.queue.length;
    setText(counts.people, String(participants.length));
    setText(counts.floor, String(waiting));
    counts.floor.hidden = waiting === 0;
    counts.lines.hidden = weak === 0;
    setText(counts.lines, String(weak));
    counts.lines.title = t('board.weak', { count: weak });
    counts.lines.setAttribute('aria-label', counts.lines.title);
  };
  app.subscribe((state, before) => {
    if (state.roster !== before.roster || state.board !== before.board || state.floor !== before.floor) show();
  }, signal);
  show();
  return counts;
}

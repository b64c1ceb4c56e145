import { el, fill, list, setText } from '../../kit/dom.js';
import { clock } from '../../kit/format.js';
import { WORDS } from '../../protocol/words.js';
import { isHost, ownRole, unitOf } from '../../state/people.js';
import { confirmation, sheet } from '../shared/dialog.js';
import { AppElement, changed } from '../shared/element.js';

/** @typedef {import('../../app/app.js').App} App */
/** @typedef {import('../../protocol/views.js').DepartureView} DepartureView */

/** What the operator may correct a departure to. Removal is a fact and cannot be corrected. */
const CORRECTIONS = /** @type {const} */ (['permitted', 'unpermitted', 'lost']);

/** How many have left, and how, in one line for staff. A press lists all of them. */
export class Departures extends AppElement {
  #all = el('span');
  #bad = el('span', { class: 'badge badge-alarm' });
  #open = el('button', { class: 'departed', type: 'button', 'aria-haspopup': 'dialog', 'data-testid': 'departures' }, this.#all, this.#bad);

  /** @override */
  build() {
    this.#open.addEventListener('click', () => openDepartures(this.app), { signal: this.signal });
    this.replaceChildren(this.#open);
  }

  /** @override @type {AppElement['render']} */
  render(state, before) {
    if (changed(state, before, 'departures', 'roster')) this.#show();
  }

  #show() {
    const { state, t } = this.app;
    const { departures } = state.departures;
    const bad = departures.filter((one) => one.kind === 'unpermitted').length;
    this.hidden = departures.length === 0 || !isHost(ownRole(state));
    setText(this.#all, t('departures.count', { count: departures.length }));
    this.#bad.hidden = bad === 0;
    setText(this.#bad, t('departures.bad', { count: bad }));
  }
}

/** All departures, newest first, for as long as the sheet is open. @param {App} app */
export function openDepartures(app) {
  const rows = el('ol', { class: 'departures scroll', tabindex: 0 });
  const dialog = sheet(app, app.t('departures.title'), rows);
  const abort = new AbortController();
  dialog.addEventListener('close', () => abort.abort(), { once: true });
  const render = () => {
    const newest = [...app.state.departures.departures].reverse();
    list(rows, newest, (one) => one.id, () => row(), (element, one) => update(app, element, one));
  };
  app.subscribe((state, before) => {
    if (state.departures !== before.departures) render();
  }, abort.signal);
  render();
  /** @type {HTMLElement | null} */ (dialog.querySelector('.acts > .btn'))?.focus();
}

function row() {
  return el('li', { 'data-testid': 'departure' },
    el('span', { class: 'num soft' }), el('span', { class: 'grow' }, el('b'), el('small', { class: 'soft' })),
    el('span', { class: 'badge' }), el('button', { class: 'btn', type: 'button', 'data-testid': 'departure-correct' }));
}

/** @param {App} app @param {HTMLElement} element @param {DepartureView} one */
function update(app, element, one) {
  const { state, t } = app;
  const find = (/** @type {string} */ css) => /** @type {HTMLElement} */ (element.querySelector(css));
  const name = unitOf(state, one)?.name || one.name;
  element.dataset.kind = one.kind;
  element.dataset.participant = one.participant;
  setText(find('.num'), clock(one.at, state.language));
  setText(find('b'), name);
  const corrected = one.kind === one.was ? '' : t('departures.was', { kind: t(`departures.${one.was}`) });
  setText(find('small'), [one.name === name ? '' : one.name, corrected, one.reason].filter(Boolean).join(' · '));
  const badge = find('.badge');
  badge.className = `badge${one.kind === 'unpermitted' ? ' badge-alarm' : one.kind === 'lost' ? ' badge-warn' : ''}`;
  setText(badge, t(`departures.${one.kind}`));
  const button = find('button');
  button.hidden = ownRole(state) !== 'operator' || one.was === 'removed' || one.was === 'sent-back';
  setText(button, t('departures.correct'));
  button.setAttribute('aria-label', t('departures.correct-name', { name }));
  button.onclick = () => void correct(app, one, name);
}

/** Add to the log how somebody really left, and the reason. The log keeps its first entry. @param {App} app @param {DepartureView} one @param {string} name */
async function correct(app, one, name) {
  const { t } = app;
  const choice = el('select', { class: 'input select', 'data-testid': 'departure-kind' });
  fill(choice, CORRECTIONS.map((kind) => el('option', { value: kind, selected: kind !== one.kind && kind === suggestion(one) }, t(`departures.${kind}`))));
  const reason = await confirmation(app, {
    title: t('departures.correct-title', { name }), text: t('departures.correct-text', { kind: t(`departures.${one.was}`) }),
    confirm: t('departures.correct'), reason: true, extra: el('label', { class: 'field' }, el('span', null, t('departures.kind')), choice),
  });
  const kind = WORDS.DepartureKind.find((known) => known === choice.value);
  if (reason !== null && kind) app.send({ type: 'correct-departure', departure: one.id, kind, reason });
}

/** The most likely correction. @param {DepartureView} one */
function suggestion(one) {
  return one.kind === 'unpermitted' ? 'permitted' : 'unpermitted';
}

customElements.define('gb-departures', Departures);

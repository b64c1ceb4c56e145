import { el, icon, list, setText } from '../../kit/dom.js';
import { clock, duration } from '../../kit/format.js';
import { queueGroups, kindNow, turnClock } from '../../state/floor.js';
import { ownRole, personOf, unitOf } from '../../state/people.js';
import { AppElement, changed } from '../shared/element.js';
import { presenceSaid } from './presence-words.js';
import { openWaiting } from './waiting-menu.js';

/** @typedef {import('../../state/floor.js').Waiting} Waiting */
/** @typedef {import('../../state/floor.js').Group} Group */
/** @typedef {import('../../protocol/views.js').Progress} Progress */
/** @typedef {import('../../protocol/views.js').TurnView} TurnView */

const SECOND_MS = 1000;

/** Who has spoken, who is speaking and who waits for the floor. The chair invites from here. */
export class Queue extends AppElement {
  #progress = el('ul', { class: 'progress' });
  #now = el('ul', { class: 'q-list q-now' });
  #groups = el('div', { class: 'q-groups' });
  #emptyText = el('b');
  #emptyMore = el('small');
  #empty = el('div', { class: 'q-empty', 'data-testid': 'queue-empty' }, icon('hand'), el('span', null, this.#emptyText, this.#emptyMore));

  /** @override */
  build() {
    this.dataset.testid = 'queue';
    this.replaceChildren(this.#progress,
      el('div', { class: 'q-body scroll', tabindex: 0, role: 'group', 'aria-label': this.app.t('floor.queue') }, this.#now, this.#groups, this.#empty));
    // A change of the chair changes the buttons in the rows.
    this.#groups.replaceChildren();
    this.every(SECOND_MS, () => this.#second());
  }

  /** @override @type {AppElement['render']} */
  render(state, before) {
    if (before && ownRole(state) !== ownRole(before)) this.#groups.replaceChildren();
    if (changed(state, before, 'floor', 'roster')) this.#show();
  }

  #show() {
    const { state, t } = this.app;
    const { floor } = state;
    this.dataset.mode = floor.mode;
    const counted = floor.mode !== 'open' || floor.go_round ? floor.progress.filter((one) => one.points > 0) : [];
    this.#progress.hidden = counted.length === 0;
    this.#progress.setAttribute('aria-label', t('floor.progress'));
    list(this.#progress, counted, (one) => one.kind, () => this.#makeProgress(), (row, one) => this.#showProgress(row, one));
    // The chair sees the clocks on the stage, with buttons beside them.
    const speaking = ownRole(state) === 'chair' ? [] : floor.turns;
    this.#now.hidden = speaking.length === 0;
    list(this.#now, speaking, (turn) => turn.participant, (turn) => this.#makeNow(turn), (row, turn) => this.#showNow(row, turn));
    const groups = queueGroups(state);
    list(this.#groups, groups, (group) => group.kind, () => el('section', null, el('p', { class: 'q-head' }, el('b'), el('span')), el('ol', { class: 'q-list' })),
      (section, group) => this.#showGroup(section, group));
    this.#empty.hidden = groups.length > 0;
    setText(this.#emptyText, t(floor.mode === 'open' ? 'floor.empty-open' : 'floor.empty'));
    const hint = this.#emptyHint();
    setText(this.#emptyMore, hint && t(hint));
  }

  #emptyHint() {
    const { state } = this.app;
    const role = ownRole(state);
    if (role === 'chair') return 'floor.empty-chair';
    // Staff and technicians do not ask for the floor.
    if (role !== 'delegate') return '';
    return state.floor.mode === 'open' ? 'floor.empty-open-hint' : 'floor.empty-hint';
  }

  #makeProgress() {
    return el('li', null, el('span', null, el('b'), ' ', el('span', { class: 'num' })), el('progress', {}));
  }

  /** @param {HTMLElement} row @param {Progress} one */
  #showProgress(row, { kind, spoken, points }) {
    const { state, t } = this.app;
    const bar = /** @type {HTMLProgressElement} */ (row.querySelector('progress'));
    row.classList.toggle('is-now', kindNow(state) === kind);
    setText(/** @type {HTMLElement} */ (row.querySelector('b')), t(`floor.kind-${kind}`));
    setText(/** @type {HTMLElement} */ (row.querySelector('.num')), `${spoken}/${points}`);
    bar.max = points;
    bar.value = spoken;
    bar.setAttribute('aria-label', t('floor.spoken', { kind: t(`unit-kind.${kind}`), spoken, points }));
  }

  /** @param {TurnView} turn */
  #makeNow(turn) {
    return el('li', { class: 'q is-now', 'data-testid': 'queue-now', 'data-participant': turn.participant },
      el('span', { class: 'n' }, icon('speaker')), el('span', null, el('b'), el('small', { class: 'num' })));
  }

  /** @param {HTMLElement} row @param {TurnView} turn */
  #showNow(row, turn) {
    const { state, t } = this.app;
    const who = personOf(state, turn.participant);
    const own = turn.participant === state.welcome?.participant;
    const name = who ? unitOf(state, who)?.name || who.name : '';
    const { spent } = turnClock(turn, Date.now() + state.clockMs);
    row.classList.toggle('is-me', own);
    setText(/** @type {HTMLElement} */ (row.querySelector('b')), own ? t('meeting.you', { name }) : name);
    setText(/** @type {HTMLElement} */ (row.querySelector('small')), t('floor.speaking', { time: duration(spent) }));
  }

  #second() {
    if (this.hidden) return;
    for (const turn of this.app.state.floor.turns) {
      const row = /** @type {HTMLElement | null} */ (this.#now.querySelector(`[data-participant="${CSS.escape(turn.participant)}"]`));
      if (row) this.#showNow(row, turn);
    }
  }

  /** @param {HTMLElement} section @param {Group} group */
  #showGroup(section, { kind, waiting }) {
    const { t } = this.app;
    setText(/** @type {HTMLElement} */ (section.querySelector('.q-head b')), t(kind === 'all' ? 'floor.queue' : `unit-kind.${kind}`));
    setText(/** @type {HTMLElement} */ (section.querySelector('.q-head span')), t('floor.units', { count: waiting.length }));
    const places = /** @type {HTMLElement} */ (section.querySelector('ol'));
    list(places, waiting, ({ who }) => who.id, (one) => this.#make(one), (row, one) => this.#update(row, one));
  }

  /** @param {Waiting} waiting */
  #make({ who: { id } }) {
    const { app } = this;
    const chair = ownRole(app.state) === 'chair';
    const own = id === app.state.welcome?.participant;
    return el('li', { class: 'q', 'data-testid': 'queue-item', 'data-participant': id },
      el('span', { class: 'n num' }),
      el('span', null, el('b'), el('small')),
      chair && el('span', { class: 'q-acts' },
        el('button', { class: 'btn', type: 'button', 'data-testid': 'invite', onclick: () => app.send({ type: 'invite', participant: id }) }, app.t('floor.invite')),
        el('button', { class: 'btn btn-quiet btn-icon', type: 'button', 'data-testid': 'invite-menu', 'aria-haspopup': 'dialog', onclick: () => openWaiting(app, id) }, icon('more'))),
      own && !chair && el('button', { class: 'btn btn-quiet', type: 'button', 'data-testid': 'queue-withdraw', onclick: () => app.send({ type: 'lower-hand' }) },
        app.t('floor.withdraw')));
  }

  /** @param {HTMLElement} row @param {Waiting} waiting */
  #update(row, waiting) {
    const { state, t } = this.app;
    const { wish, place, who } = waiting;
    const unit = unitOf(state, who)?.name || who.name;
    const own = who.id === state.welcome?.participant;
    row.dataset.place = String(place);
    row.classList.toggle('is-me', own);
    row.classList.toggle('is-next', state.floor.next === who.id);
    row.classList.toggle('is-skipped', wish.skipped);
    setText(/** @type {HTMLElement} */ (row.querySelector('.n')), String(place));
    setText(/** @type {HTMLElement} */ (row.querySelector('b')), own ? t('meeting.you', { name: unit }) : unit);
    setText(/** @type {HTMLElement} */ (row.querySelector('small')), this.#line(waiting));
    row.querySelector('[data-testid=invite]')?.setAttribute('aria-label', t('floor.invite-whom', { name: unit }));
    row.querySelector('[data-testid=invite-menu]')?.setAttribute('aria-label', t('roster.more', { name: unit }));
  }

  /** "Tiếp theo · Báo cáo 2 ca nặng": marks first, because they change. @param {Waiting} waiting */
  #line({ wish, who }) {
    const { state, t } = this.app;
    const parts = [];
    if (who.presence !== 'here') parts.push(presenceSaid(this.app, who));
    if (wish.skipped) parts.push(t('floor.skipped'));
    if (state.floor.next === who.id) parts.push(t('floor.next'));
    if (wish.registered) parts.push(t('floor.registered'));
    if (wish.topic) parts.push(wish.topic);
    else if (wish.round) parts.push(t('floor.round'));
    else parts.push(t('floor.asked-at', { time: clock(wish.since, state.language) }));
    return parts.join(' · ');
  }
}

customElements.define('gb-queue', Queue);

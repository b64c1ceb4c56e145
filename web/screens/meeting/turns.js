import { el, list, setText } from '../../kit/dom.js';
import { duration } from '../../kit/format.js';
import { turnClock } from '../../state/floor.js';
import { ownRole, personLine, personOf, unitOf } from '../../state/people.js';
import { AppElement, changed } from '../shared/element.js';

/** @typedef {import('../../protocol/views.js').TurnView} TurnView */

const SECOND_MS = 1000;
const EXTENSION_S = 120;

/** Who has the floor and for how long, at the foot of the stage. The chair extends or ends a turn. */
export class Turns extends AppElement {
  #cards = el('ul', { class: 'turns' });
  /** Spoken when the floor changes, not every second. */
  #said = el('p', { class: 'sr', 'aria-live': 'polite' });

  /** @override */
  build() {
    this.#cards.setAttribute('aria-label', this.app.t('floor.turns'));
    this.#cards.replaceChildren();
    this.replaceChildren(this.#cards, this.#said);
    this.every(SECOND_MS, () => this.#second());
  }

  /** @override @type {AppElement['render']} */
  render(state, before) {
    if (before && ownRole(state) !== ownRole(before)) this.#cards.replaceChildren();
    if (changed(state, before, 'floor', 'roster', 'speakers')) this.#show();
  }

  #show() {
    const { state, t } = this.app;
    const turns = state.floor.turns.filter((turn) => personOf(state, turn.participant));
    this.hidden = turns.length === 0;
    this.dataset.count = String(turns.length);
    list(this.#cards, turns, (turn) => turn.participant, (turn) => this.#make(turn), (card, turn) => this.#update(card, turn));
    const names = turns.map((turn) => this.#name(turn)).join(', ');
    setText(this.#said, names && t('floor.has-it', { name: names }));
  }

  /** @param {TurnView} turn */
  #name({ participant }) {
    const who = personOf(this.app.state, participant);
    return who ? unitOf(this.app.state, who)?.name || who.name : '';
  }

  /** @param {TurnView} turn */
  #make({ participant }) {
    const { app } = this;
    const chair = ownRole(app.state) === 'chair';
    return el('li', { class: 'turn on-paper', 'data-testid': 'turn', 'data-participant': participant },
      el('span', { class: 'voice', 'aria-hidden': 'true' }, el('i'), el('i'), el('i'), el('i'), el('i')),
      el('span', { class: 'turn-who' }, el('b', { class: 'clip' }),
        el('small', { class: 'clip' }, el('span', { class: 'silent' }, app.t('floor.silent'), ' · '), el('span', { class: 'line' }))),
      el('span', { class: 'turn-time' },
        el('span', { class: 'turn-figures' }, el('b', { class: 'num spent' }), el('small', { class: 'num limit' })),
        el('progress', { 'aria-hidden': 'true' })),
      chair && el('span', { class: 'turn-acts' },
        el('button', { class: 'btn', type: 'button', 'data-testid': 'turn-extend',
          onclick: () => app.send({ type: 'extend-turn', participant, seconds: EXTENSION_S }) }, app.t('floor.extend')),
        el('button', { class: 'btn', type: 'button', 'data-testid': 'turn-end',
          onclick: () => app.send({ type: 'end-turn', participant }) }, app.t('act.end-turn'))));
  }

  /** @param {HTMLElement} card @param {TurnView} turn */
  #update(card, turn) {
    const { state, t } = this.app;
    const find = (/** @type {string} */ css) => /** @type {HTMLElement} */ (card.querySelector(css));
    const who = personOf(state, turn.participant);
    const name = this.#name(turn);
    setText(find('.turn-who b'), name);
    setText(find('.line'), who ? [turn.dialogue && t('floor.dialogue'), personLine(this.app, who)].filter(Boolean).join(' · ') : '');
    const speaks = state.speakers.heard.includes(turn.participant);
    card.classList.toggle('is-own', turn.participant === state.welcome?.participant);
    find('.voice').classList.toggle('is-still', !speaks);
    find('.silent').hidden = !turn.silent;
    const more = card.querySelector('[data-testid=turn-extend]');
    // A turn without a limit cannot grow longer.
    if (more instanceof HTMLElement) more.hidden = turn.until === 0;
    more?.setAttribute('aria-label', t('floor.extend-whom', { name }));
    card.querySelector('[data-testid=turn-end]')?.setAttribute('aria-label', t('floor.end-whom', { name }));
    this.#time(card, turn);
  }

  /** @param {HTMLElement} card @param {TurnView} turn */
  #time(card, turn) {
    const { state, t } = this.app;
    const { spent, limit, left, phase } = turnClock(turn, Date.now() + state.clockMs);
    const bar = /** @type {HTMLProgressElement} */ (card.querySelector('progress'));
    const over = phase === 'over';
    card.dataset.phase = phase;
    setText(/** @type {HTMLElement} */ (card.querySelector('.spent')), duration(spent));
    const beside = over ? t('floor.over', { time: duration(-left) }) : limit ? `/ ${duration(limit)}` : '';
    setText(/** @type {HTMLElement} */ (card.querySelector('.limit')), beside);
    bar.hidden = limit === 0;
    bar.max = Math.max(1, limit);
    bar.value = Math.min(spent, limit);
    bar.classList.toggle('is-warn', phase === 'ending');
    bar.classList.toggle('is-over', over);
  }

  #second() {
    for (const turn of this.app.state.floor.turns) {
      const card = /** @type {HTMLElement | null} */ (this.#cards.querySelector(`[data-participant="${CSS.escape(turn.participant)}"]`));
      if (card) this.#time(card, turn);
    }
  }
}

customElements.define('gb-turn', Turns);

import { el, icon, setText } from '../../kit/dom.js';
import { duration } from '../../kit/format.js';
import { turnClock, turnOf } from '../../state/floor.js';
import { hindrance } from '../../state/own-devices.js';
import { ownPerson } from '../../state/people.js';
import { AppElement } from '../shared/element.js';

const SECOND_MS = 1000;

/** The own turn: the biggest thing on the screen until the microphone is open; then the time, and a button to end it. */
export class Granted extends AppElement {
  #words = el('b');
  #time = el('small', { class: 'num' });
  #speak = el('button', { class: 'granted-speak', type: 'button', 'data-testid': 'granted-speak' },
    icon('mic'), el('span', null, this.#words, this.#time));
  #end = el('button', { class: 'btn btn-big', type: 'button', 'data-testid': 'granted-end' });
  #said = el('p', { class: 'sr', role: 'status' });

  /** @override */
  build() {
    const { signal } = this;
    const { app } = this;
    this.dataset.testid = 'granted';
    setText(this.#end, app.t('act.end-turn'));
    this.replaceChildren(this.#speak, this.#end, this.#said);
    this.#speak.addEventListener('click', () => app.setSource('microphone', true), { signal });
    this.#end.addEventListener('click', () => app.send({ type: 'end-turn' }), { signal });
    this.every(SECOND_MS, () => this.#second());
  }

  #turn() {
    return turnOf(this.app.state.floor, this.app.state.welcome?.participant);
  }

  /** @override */
  render() {
    const { state, t } = this.app;
    const turn = this.#turn();
    this.hidden = !turn;
    const open = ownPerson(state)?.microphone.gate.length === 0;
    this.dataset.state = open ? 'open' : 'shut';
    this.#speak.disabled = open;
    const hindered = open ? hindrance(state, 'microphone') : null;
    const words = hindered ? t(`bar.microphone-${hindered}`) : t(open ? 'granted.speaking' : 'granted.speak');
    setText(this.#words, words);
    setText(this.#said, turn ? words : '');
    this.#second();
  }

  #second() {
    const turn = this.#turn();
    if (!turn) return;
    const { state, t } = this.app;
    const { spent, left, phase } = turnClock(turn, Date.now() + state.clockMs);
    this.dataset.phase = phase;
    if (phase === 'free') setText(this.#time, duration(spent));
    else setText(this.#time, phase === 'over' ? t('floor.over', { time: duration(-left) }) : t('granted.left', { time: duration(left) }));
  }
}

customElements.define('gb-granted', Granted);

import { el, icon, setIcon, setText } from '../js/dom.js';
import { ownRequest, phaseOf } from '../js/asking.js';
import { clock } from '../js/format.js';
import { openAsk } from './gb-ask.js';
import { LineBoard } from './gb-line-board.js';

/**
 * What a technician sees in place of the pictures: the line and the devices of every point, and one button to ask to hear
 * and see.
 */
export class Technician extends HTMLElement {
  /** @type {import('../js/app.js').App} */
  app = /** @type {never} */ (undefined);

  #abort = new AbortController();
  #sign = icon('headphones');
  #word = el('b');
  #note = el('small');
  #ask = el('button', { class: 'hand', type: 'button', 'data-testid': 'technician-ask' }, this.#sign, el('span', null, this.#word, this.#note));

  connectedCallback() {
    this.#abort = new AbortController();
    const { app } = this;
    const { signal } = this.#abort;
    const board = new LineBoard();
    board.app = app;
    this.className = 'technician sheet on-paper';
    this.dataset.testid = 'technician';
    this.#ask.addEventListener('click', () => openAsk(app, 'listen'), { signal });
    this.replaceChildren(
      el('div', { class: 'technician-head' },
        el('div', { class: 'stack' }, el('h2', { class: 'title h2' }, app.t('technician.title')), el('p', { class: 'soft note' }, app.t('technician.text'))),
        this.#ask),
      board);
    app.subscribe((state, before) => {
      if (state.requests !== before.requests || state.roster !== before.roster) this.#render();
    }, signal);
    this.#render();
  }

  disconnectedCallback() {
    this.#abort.abort();
  }

  #render() {
    const { state, t } = this.app;
    const asked = phaseOf(state, 'listen') === 'asked';
    this.#ask.classList.toggle('is-asked', asked);
    setIcon(this.#sign, asked ? 'clock' : 'headphones');
    setText(this.#word, t(asked ? 'technician.asked' : 'ask.listen'));
    setText(this.#note, asked ? t('technician.asked-at', { time: clock(ownRequest(state, 'listen')?.since ?? 0, state.language) }) : t('technician.ask-note'));
  }
}

customElements.define('gb-technician', Technician);

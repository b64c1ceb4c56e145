import { el, icon, setIcon, setText } from '../../kit/dom.js';
import { clock } from '../../kit/format.js';
import { ownRequest, phaseOf } from '../../state/permissions.js';
import { AppElement, changed, withApp } from '../shared/element.js';
import { LineBoard } from './line-board.js';
import { openPermission } from './permission.js';

/**
 * What a technician sees in place of the pictures: every point's line and devices, and one button to ask to hear and see.
 */
export class Technician extends AppElement {
  #sign = icon('headphones');
  #word = el('b');
  #note = el('small');
  #ask = el('button', { class: 'hand', type: 'button', 'data-testid': 'technician-ask' }, this.#sign, el('span', null, this.#word, this.#note));

  /** @override */
  build() {
    const { app } = this;
    const { signal } = this;
    this.className = 'technician sheet on-paper';
    this.dataset.testid = 'technician';
    this.#ask.addEventListener('click', () => openPermission(app, 'listen'), { signal });
    this.replaceChildren(
      el('div', { class: 'technician-head' },
        el('div', { class: 'stack' }, el('h2', { class: 'title h2' }, app.t('technician.title')), el('p', { class: 'soft note' }, app.t('technician.text'))),
        this.#ask),
      withApp(new LineBoard(), app));
  }

  /** @override @type {AppElement['render']} */
  render(state, before) {
    if (changed(state, before, 'requests', 'roster')) this.#show();
  }

  #show() {
    const { state, t } = this.app;
    const asked = phaseOf(state, 'listen') === 'asked';
    this.#ask.classList.toggle('is-asked', asked);
    setIcon(this.#sign, asked ? 'clock' : 'headphones');
    setText(this.#word, t(asked ? 'technician.asked' : 'ask.listen'));
    setText(this.#note, asked ? t('technician.asked-at', { time: clock(ownRequest(state, 'listen')?.since ?? 0, state.language) }) : t('technician.ask-note'));
  }
}

customElements.define('gb-technician', Technician);

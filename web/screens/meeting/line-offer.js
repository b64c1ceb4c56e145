import { el, icon, setText } from '../../kit/dom.js';
import { AppElement } from '../shared/element.js';
import { qualityMark, setQuality } from '../shared/line-words.js';
import { OfferRule } from './offer-rule.js';

const LOOK_MS = 500;
/** Outlives the screen, so that a change of language does not offer again. */
const rule = new OfferRule();

/** Offers to receive less when the own line has been poor for a while. Nothing happens unless somebody presses it. */
export class LineOffer extends AppElement {
  #title = el('b');
  #text = el('span');

  /** @override */
  build() {
    const { app } = this;
    this.className = 'line-offer on-paper';
    this.hidden = true;
    this.dataset.testid = 'line-offer';
    const close = el('button', { class: 'btn btn-quiet btn-icon', type: 'button', 'aria-label': app.t('dialog.close'), 'data-testid': 'offer-close',
      onclick: () => this.#answer() }, icon('close'));
    const mark = qualityMark();
    setQuality(mark, 'poor');
    this.replaceChildren(mark, el('p', { role: 'status' }, this.#title, ' ', this.#text), close,
      el('div', { class: 'acts' }, this.#choice('no-pictures'), this.#choice('audio-only')));
    this.every(LOOK_MS, () => this.#look());
  }

  /** @override */
  render() {
    this.#look();
  }

  /** @param {'no-pictures' | 'audio-only'} mode */
  #choice(mode) {
    return el('button', { class: 'btn', type: 'button', 'data-testid': `offer-${mode}`, onclick: () => {
      this.#answer();
      this.app.setReception(mode);
    } }, this.app.t(`reception.${mode}`));
  }

  #answer() {
    rule.answered(performance.now());
    this.#look();
  }

  #look() {
    const shown = rule.look(this.app.state, performance.now());
    this.hidden = !shown;
    setText(this.#title, shown ? this.app.t('offer.title') : '');
    setText(this.#text, shown ? this.app.t('offer.text') : '');
  }
}

customElements.define('gb-line-offer', LineOffer);

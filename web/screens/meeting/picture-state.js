import { el, icon, setIcon, setText } from '../../kit/dom.js';
import { isHeld } from '../../state/layout.js';
import { qualityMark, setQuality } from '../shared/line-words.js';
import { lostFor } from './lost.js';
import { presenceSaid, presenceWord } from './presence-words.js';

/** @typedef {import('../../app/app.js').App} App */
/** @typedef {import('../../protocol/views.js').ParticipantView} ParticipantView */
/** @typedef {{own: boolean, source: 'camera' | 'screen', kind: 'stage' | 'screen' | 'tile'}} What */

/** Shown over a picture when something is wrong: it is lost, our own line cannot carry it, or its sender's line is weak. */
export class PictureState {
  #count = el('span', { 'aria-hidden': 'true' });
  #said = el('span', { class: 'sr', role: 'status' });
  #sign = icon('lost');
  lost = el('div', { class: 'lost' }, this.#sign, this.#count, this.#said);
  #mark = qualityMark();
  #word = el('span');
  flag = el('span', { class: 'flag' }, this.#mark, this.#word);

  constructor() {
    this.lost.hidden = this.flag.hidden = true;
  }

  /**
   * @param {App} app
   * @param {HTMLElement} host gets `data-held`, `data-frozen` and `data-quality`
   * @param {HTMLElement} box is greyed
   * @param {ParticipantView} who
   * @param {What} what
   */
  show(app, host, box, who, { own, source, kind }) {
    const { state, t } = app;
    const here = who.presence === 'here';
    const shown = !own && who[source].gate.length === 0 && state.reception === 'all';
    const held = shown && here && isHeld(state, who.id, kind);
    const frozen = shown && here && !held && !who[source].flowing; // a held picture may not be sent at all
    const seconds = lostFor(`${who.id} ${source}`, shown && here && !who[source].flowing);
    const away = !own && !here;
    host.dataset.held = String(held);
    host.dataset.frozen = String(frozen);
    box.classList.toggle('is-frozen', frozen || away);
    box.classList.toggle('is-away', away);
    box.classList.toggle('is-held', held);
    this.lost.hidden = !frozen && !held && !away;
    setIcon(this.#sign, held ? 'camera-off' : 'lost');
    if (away) this.#say(presenceSaid(app, who), presenceWord(app, who), presenceWord(app, who));
    else if (held) this.#say(t('meeting.held'), t('meeting.held-short'));
    else if (frozen) this.#say(t('meeting.no-signal'), t('meeting.no-signal-for', { seconds }), t('meeting.no-signal-for', { seconds }));
    else this.#say('');
    this.#quality(app, host, who);
  }

  /** Nobody is shown. @param {HTMLElement} host */
  clear(host) {
    host.dataset.held = host.dataset.frozen = 'false';
    host.dataset.quality = 'unknown';
    this.lost.hidden = this.flag.hidden = true;
    this.#say('');
  }

  /**
   * @param {App} app
   * @param {HTMLElement} host
   * @param {ParticipantView} who
   */
  #quality(app, host, who) {
    const weak = who.presence === 'here' && (who.quality === 'fair' || who.quality === 'poor');
    host.dataset.quality = who.quality;
    this.flag.hidden = !weak;
    if (!weak) return;
    this.flag.classList.toggle('is-fair', who.quality === 'fair');
    setQuality(this.#mark, who.quality);
    setText(this.#word, app.t(`line.flag-${who.quality}`));
  }

  /**
   * The live region says it once; the visible text may count on, and is shorter where there is little room.
   * @param {string} said
   * @param {string} [short]
   * @param {string} [seen]
   */
  #say(said, short = said, seen = said) {
    setText(this.#said, said);
    if (this.#count.dataset.seen === seen) return;
    this.#count.dataset.seen = seen;
    this.#count.replaceChildren(...(short === seen ? [seen] : [el('span', { class: 'long' }, seen), el('span', { class: 'short' }, short)]));
  }
}

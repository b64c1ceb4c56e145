import { el, icon, setIcon, setText } from '../../kit/dom.js';
import { slotOf } from '../../state/layout.js';
import { headcount, personOf, unitOf } from '../../state/people.js';
import { AppElement } from '../shared/element.js';
import { PictureState } from './picture-state.js';
import { show } from './video.js';

const SECOND_MS = 1000;

/** One bridge point in the filmstrip: its picture, its name, and what is wrong. */
export class Tile extends AppElement {
  participant = '';

  #video = el('video', { muted: true, autoplay: true, playsinline: true, 'aria-hidden': 'true' });
  #awayText = el('span');
  #awaySign = icon('camera-off');
  #away = el('span', { class: 'away' }, this.#awaySign, this.#awayText);
  #picture = new PictureState();
  #name = el('span', { class: 'clip' });
  #mic = el('span', { class: 'mic-shut' }, icon('mic-off'));
  #count = el('span', { class: 'num wide' });
  #box = el('div', { class: 'tile' }, this.#video, this.#picture.flag, this.#away, this.#picture.lost,
    el('span', { class: 'placard' }, this.#name, this.#mic, this.#count));

  /** @override */
  build() {
    this.#video.muted = true;
    this.dataset.testid = 'tile';
    if (!this.#box.isConnected) this.append(this.#box);
    this.every(SECOND_MS, () => this.render()); // counts how long a picture has been lost
    this.whenLeaving(() => this.app.shows('tile', this.participant, null));
    // The own picture comes from this machine; the server need not send it.
    if (this.participant !== this.app.state.welcome?.participant) this.app.shows('tile', this.participant, this);
  }

  /** @override */
  render() {
    const { app } = this;
    const { state } = app;
    const who = personOf(state, this.participant);
    if (!who) return;
    const own = who.id === state.welcome?.participant;
    const mid = own ? null : slotOf(state, who.id, 'camera', 'tile');
    const open = who.camera.gate.length === 0;
    this.dataset.participant = who.id;
    this.dataset.mid = mid ?? '';
    const wanted = open && state.reception === 'all';
    const stream = own ? app.ownPicture('camera') : mid && wanted ? app.received(mid) : null;
    show(this.#video, stream, who.id);
    const unit = unitOf(state, who);
    const label = unit?.short || unit?.name || who.name;
    setText(this.#name, own ? app.t('meeting.me') : label);
    setText(this.#count, headcount(who));
    this.#mic.hidden = who.microphone.gate.length === 0;
    this.#state(who, own, open);
    this.#box.classList.toggle('is-own', own);
    this.#box.classList.toggle('is-speaking', state.speakers.heard.includes(who.id));
  }

  /**
   * @param {import('../../protocol/views.js').ParticipantView} who
   * @param {boolean} own
   * @param {boolean} open
   */
  #state(who, own, open) {
    const { state, t } = this.app;
    const refused = !own && open && state.reception !== 'all';
    this.#video.hidden = !open || who.presence !== 'here' || refused;
    this.#away.hidden = (open && !refused) || who.presence !== 'here';
    setIcon(this.#awaySign, refused ? 'headphones' : 'camera-off');
    setText(this.#awayText, t(refused ? 'meeting.not-received' : 'meeting.camera-off'));
    this.#picture.show(this.app, this, this.#box, who, { own, source: 'camera', kind: 'tile' });
  }
}

customElements.define('gb-tile', Tile);

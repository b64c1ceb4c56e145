import { el, icon, setText } from '../js/dom.js';
import { slotOf } from '../js/layout.js';
import { headcount, personOf, unitOf } from '../js/people.js';
import { show } from './video.js';

/** One bridge point in the filmstrip: its picture, its place card, and what is wrong with either. */
export class Tile extends HTMLElement {
  /** @type {import('../js/app.js').App} */
  app = /** @type {never} */ (undefined);
  participant = '';

  #video = el('video', { muted: true, autoplay: true, playsinline: true, 'aria-hidden': 'true' });
  #awayText = el('span');
  #away = el('span', { class: 'away' }, icon('camera-off'), this.#awayText);
  #lostText = el('span');
  #lost = el('span', { class: 'lost', role: 'status' }, icon('lost'), this.#lostText);
  #flagText = el('span');
  #flag = el('span', { class: 'flag' }, icon('signal'), this.#flagText);
  #name = el('span', { class: 'clip' });
  #mic = el('span', { class: 'mic-shut' }, icon('mic-off'));
  #count = el('span', { class: 'num wide' });
  #box = el('div', { class: 'tile' }, this.#video, this.#away, this.#lost, this.#flag,
    el('span', { class: 'placard' }, this.#name, this.#mic, this.#count));

  connectedCallback() {
    this.#video.muted = true;
    this.dataset.testid = 'tile';
    if (!this.#box.isConnected) this.append(this.#box);
    this.update();
  }

  /** Bring the tile in step with the state; the video is touched only when its source has changed. */
  update() {
    const { app } = this;
    const { state } = app;
    const who = personOf(state, this.participant);
    if (!who) return;
    const own = who.id === state.welcome?.participant;
    const mid = own ? null : slotOf(state, who.id, 'camera', 'tile');
    const open = who.camera.gate.length === 0;
    this.dataset.participant = who.id;
    this.dataset.mid = mid ?? '';
    const stream = own ? app.peer.localCamera : mid && open ? app.peer.stream(mid) : null;
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
   * @param {import('../js/protocol.js').Participant} who
   * @param {boolean} own
   * @param {boolean} open
   */
  #state(who, own, open) {
    const { t } = this.app;
    const frozen = !own && who.online && open && !who.camera.flowing;
    const weak = !own && who.online && who.quality === 'poor';
    this.#video.hidden = !open || !who.online;
    this.#box.classList.toggle('is-frozen', frozen || !who.online);
    this.#lost.hidden = who.online && !frozen;
    setText(this.#lostText, this.#lost.hidden ? '' : t(who.online ? 'meeting.no-signal' : 'meeting.coming-back'));
    this.#away.hidden = open || !who.online;
    setText(this.#awayText, t('meeting.camera-off'));
    this.#flag.hidden = !weak;
    setText(this.#flagText, t('meeting.weak'));
  }
}

customElements.define('gb-tile', Tile);

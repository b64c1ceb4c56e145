import { el, icon, setIcon, setText } from '../js/dom.js';
import { stageView } from '../js/layout.js';
import { personLine, personOf, unitOf } from '../js/people.js';
import { show } from './video.js';

/** The big picture: who speaks, or the shared screen with the one who speaks small beside it. */
export class Stage extends HTMLElement {
  /** @type {import('../js/app.js').App} */
  app = /** @type {never} */ (undefined);

  #abort = new AbortController();
  #video = el('video', { autoplay: true, playsinline: true, 'aria-hidden': 'true' });
  #awayText = el('span');
  #noCamera = icon('camera-off');
  #away = el('div', { class: 'away' }, this.#noCamera, this.#awayText);
  #lostText = el('span');
  #lost = el('div', { class: 'lost', role: 'status' }, icon('lost'), this.#lostText);
  #insetVideo = el('video', { autoplay: true, playsinline: true, 'aria-hidden': 'true' });
  #insetName = el('span', { class: 'clip' });
  #inset = el('div', { class: 'inset tile' }, this.#insetVideo,
    el('span', { class: 'placard' }, this.#insetName));
  #voice = el('span', { class: 'voice', 'aria-hidden': 'true' },
    el('i', {}), el('i', {}), el('i', {}), el('i', {}), el('i', {}));
  #title = el('b', {});
  #line = el('small', {});
  #card = el('div', { class: 'lead on-paper' }, this.#voice, el('span', {}, this.#title, this.#line));
  #box = el('section', { class: 'stage tile' }, this.#video, this.#away, this.#lost, this.#inset, this.#card);

  connectedCallback() {
    this.#abort = new AbortController();
    this.#video.muted = this.#insetVideo.muted = true;
    this.dataset.testid = 'stage';
    this.replaceChildren(this.#box);
    this.app.subscribe(() => this.#render(), this.#abort.signal);
    this.#render();
  }

  disconnectedCallback() {
    this.#abort.abort();
  }

  #render() {
    const { app } = this;
    const { state } = app;
    const view = stageView(state);
    const who = personOf(state, view.participant);
    const own = who !== undefined && who.id === state.welcome?.participant;
    this.dataset.participant = who?.id ?? '';
    this.dataset.mid = view.mid ?? '';
    if (!who) {
      this.#empty();
      return;
    }
    const screen = view.source === 'screen';
    const source = screen ? who.screen : who.camera;
    const open = source.gate.length === 0;
    const local = screen ? app.peer.localScreen : app.peer.localCamera;
    show(this.#video, own ? local : view.mid && open ? app.peer.stream(view.mid) : null, `${who.id} ${view.source}`);
    this.#video.hidden = !open;
    this.#card.hidden = false;
    setText(this.#title, unitOf(state, who)?.name || who.name);
    setText(this.#line, personLine(app, who));
    const speaking = state.speakers.heard.includes(who.id);
    this.#voice.hidden = !speaking;
    const frozen = !own && open && (!source.flowing || !who.online);
    this.#box.classList.toggle('is-own', own && !screen);
    this.#box.classList.toggle('is-speaking', speaking);
    this.#box.classList.toggle('is-screen', screen);
    this.#box.classList.toggle('is-frozen', frozen);
    this.#lost.hidden = !frozen;
    setText(this.#lostText, frozen ? app.t(who.online ? 'meeting.no-signal' : 'meeting.coming-back') : '');
    this.#away.hidden = open;
    setIcon(this.#noCamera, 'camera-off');
    setText(this.#awayText, app.t('meeting.camera-off'));
    this.#box.setAttribute('aria-label', app.t('meeting.on-stage', { name: this.#title.textContent ?? '' }));
    this.#small(view.aside);
  }

  /** While a screen is shown, who speaks is small in its corner. @param {import('../js/layout.js').View | null} view */
  #small(view) {
    const { state, peer } = this.app;
    const speaker = personOf(state, view?.participant);
    this.#inset.hidden = !view?.mid || !speaker || speaker.camera.gate.length > 0;
    show(this.#insetVideo, view?.mid ? peer.stream(view.mid) : null, speaker?.id ?? '');
    setText(this.#insetName, speaker ? unitOf(state, speaker)?.short || speaker.name : '');
  }

  #empty() {
    const { state, t } = this.app;
    const alone = state.roster.participants.length <= 1;
    show(this.#video, null, '');
    this.#video.hidden = this.#lost.hidden = this.#inset.hidden = this.#card.hidden = true;
    this.#away.hidden = false;
    setIcon(this.#noCamera, 'people');
    setText(this.#awayText, t(alone ? 'meeting.alone' : 'meeting.nobody-seen'));
    this.#box.classList.remove('is-speaking', 'is-frozen', 'is-screen', 'is-own');
    this.#box.setAttribute('aria-label', t('meeting.stage'));
  }
}

customElements.define('gb-stage', Stage);

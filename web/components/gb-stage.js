import { el, icon } from '../js/dom.js';
import { stageView } from '../js/layout.js';
import { personLine, unitOf } from '../js/people.js';

/** The big picture: who speaks, or the shared screen with the one who speaks small beside it. */
export class Stage extends HTMLElement {
  /** @type {import('../js/app.js').App} */
  app = /** @type {never} */ (undefined);

  #abort = new AbortController();
  #video = el('video', { autoplay: true, playsinline: true, 'aria-hidden': 'true' });
  #away = el('div', { class: 'away' });
  #lost = el('div', { class: 'lost', role: 'status' });
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
    const who = state.roster.participants.find((p) => p.id === view.participant);
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
    show(this.#video, own ? local : view.mid && open ? app.peer.stream(view.mid) : null);
    this.#video.hidden = !open;
    this.#card.hidden = false;
    this.#title.textContent = unitOf(state, who)?.name || who.name;
    this.#line.textContent = personLine(app, who);
    const speaking = state.speakers.heard.includes(who.id);
    this.#voice.hidden = !speaking;
    const frozen = !own && open && (!source.flowing || !who.online);
    this.#box.classList.toggle('is-own', own && !screen);
    this.#box.classList.toggle('is-speaking', speaking);
    this.#box.classList.toggle('is-screen', screen);
    this.#box.classList.toggle('is-frozen', frozen);
    this.#lost.hidden = !frozen;
    this.#lost.replaceChildren(icon('lost'), app.t(who.online ? 'meeting.no-signal' : 'meeting.coming-back'));
    this.#away.hidden = open;
    this.#away.replaceChildren(icon('camera-off'), app.t('meeting.camera-off'));
    this.#box.setAttribute('aria-label', app.t('meeting.on-stage', { name: this.#title.textContent }));
    this.#small(view.aside);
  }

  /** While a screen is shown, who speaks is small in its corner. @param {import('../js/layout.js').View | null} view */
  #small(view) {
    const { state, peer } = this.app;
    const speaker = state.roster.participants.find((p) => p.id === view?.participant);
    this.#inset.hidden = !view?.mid || !speaker || speaker.camera.gate.length > 0;
    show(this.#insetVideo, view?.mid ? peer.stream(view.mid) : null);
    this.#insetName.textContent = speaker ? unitOf(state, speaker)?.short || speaker.name : '';
  }

  #empty() {
    const { state, t } = this.app;
    const alone = state.roster.participants.length <= 1;
    show(this.#video, null);
    this.#video.hidden = this.#lost.hidden = this.#inset.hidden = this.#card.hidden = true;
    this.#away.hidden = false;
    this.#away.replaceChildren(icon('people'), t(alone ? 'meeting.alone' : 'meeting.nobody-seen'));
    this.#box.classList.remove('is-speaking', 'is-frozen', 'is-screen', 'is-own');
    this.#box.setAttribute('aria-label', t('meeting.stage'));
  }
}

/**
 * Touch a video only when its source has changed: assigning the same stream again makes it flicker.
 * @param {HTMLVideoElement} video
 * @param {MediaStream | null} stream
 */
function show(video, stream) {
  if (video.srcObject !== stream) video.srcObject = stream;
}

customElements.define('gb-stage', Stage);

import { el, icon, setIcon, setText } from '../../kit/dom.js';
import { turnOf } from '../../state/floor.js';
import { isHeld, stageView } from '../../state/layout.js';
import { personLine, personOf, unitOf } from '../../state/people.js';
import { AppElement } from '../shared/element.js';
import { PictureState } from './picture-state.js';
import { show } from './video.js';

const SECOND_MS = 1000;

/** The big picture: the speaker, or the shared screen with the speaker small beside it. */
export class Stage extends AppElement {
  /** The last thing the app was told. @type {Record<'stage' | 'screen', HTMLElement | null>} */
  #shows = { stage: null, screen: null };
  #video = el('video', { autoplay: true, playsinline: true, 'aria-hidden': 'true' });
  #awayText = el('span');
  #noCamera = icon('camera-off');
  #away = el('div', { class: 'away' }, this.#noCamera, this.#awayText);
  #picture = new PictureState();
  #insetVideo = el('video', { autoplay: true, playsinline: true, 'aria-hidden': 'true' });
  #insetName = el('span', { class: 'clip' });
  #inset = el('div', { class: 'inset tile' }, this.#insetVideo,
    el('span', { class: 'placard' }, this.#insetName));
  #voice = el('span', { class: 'voice', 'aria-hidden': 'true' },
    el('i', {}), el('i', {}), el('i', {}), el('i', {}), el('i', {}));
  #title = el('b', {});
  #line = el('small', {});
  #card = el('div', { class: 'lead on-paper' }, this.#voice, el('span', {}, this.#title, this.#line));
  #box = el('section', { class: 'stage tile' }, this.#video, this.#picture.flag, this.#away, this.#picture.lost,
    this.#inset, this.#card);

  /** @override */
  build() {
    this.#video.muted = this.#insetVideo.muted = true;
    this.dataset.testid = 'stage';
    this.replaceChildren(this.#box);
    this.every(SECOND_MS, () => this.render());
    this.whenLeaving(() => this.#forget());
  }

  /** @override */
  render() {
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
    const local = app.ownPicture(screen ? 'screen' : 'camera');
    const refused = !own && open && state.reception !== 'all';
    show(this.#video, own ? local : view.mid && open && !refused ? app.received(view.mid) : null, `${who.id} ${view.source}`);
    this.#video.hidden = !open || refused;
    // The holder of the floor is named on the card with the clock.
    this.#card.hidden = turnOf(state.floor, who.id) !== undefined;
    setText(this.#title, unitOf(state, who)?.name || who.name);
    setText(this.#line, personLine(app, who));
    const speaking = state.speakers.heard.includes(who.id);
    this.#voice.hidden = !speaking;
    this.#box.classList.toggle('is-own', own && !screen);
    this.#box.classList.toggle('is-speaking', speaking);
    this.#box.classList.toggle('is-screen', screen);
    this.#picture.show(app, this, this.#box, who, { own, source: screen ? 'screen' : 'camera', kind: screen ? 'screen' : 'stage' });
    this.#away.hidden = (open && !refused) || (!own && who.presence !== 'here');
    setIcon(this.#noCamera, refused ? 'headphones' : 'camera-off');
    setText(this.#awayText, app.t(refused ? 'meeting.not-received' : 'meeting.camera-off'));
    this.#box.setAttribute('aria-label', app.t('meeting.on-stage', { name: this.#title.textContent ?? '' }));
    this.#small(view.aside);
    this.#seen(screen);
  }

  /**
   * Tell the app what the box shows: the speaker, or a screen with the speaker in the corner. The order keeps the box
   * measured all the time.
   * @param {boolean} screen
   */
  #seen(screen) {
    const corner = this.#inset.hidden ? null : this.#inset;
    const shows = { screen: screen ? this.#box : null, stage: screen ? corner : this.#box };
    for (const kind of screen ? /** @type {const} */ (['screen', 'stage']) : /** @type {const} */ (['stage', 'screen'])) {
      if (this.#shows[kind] !== shows[kind]) this.app.shows(kind, null, shows[kind]);
    }
    this.#shows = shows;
  }

  /** While a screen is shown, the speaker is small in its corner. @param {import('../../state/layout.js').View | null} view */
  #small(view) {
    const { state } = this.app;
    const speaker = personOf(state, view?.participant);
    this.#inset.hidden = !view?.mid || !speaker || speaker.camera.gate.length > 0 || state.reception !== 'all';
    this.#inset.classList.toggle('is-held', isHeld(state, speaker?.id ?? null, 'stage'));
    show(this.#insetVideo, view?.mid ? this.app.received(view.mid) : null, speaker?.id ?? '');
    setText(this.#insetName, speaker ? unitOf(state, speaker)?.short || speaker.name : '');
  }

  #forget() {
    this.app.shows('stage', null, null);
    this.app.shows('screen', null, null);
    this.#shows = { stage: null, screen: null };
  }

  #empty() {
    const { state, t } = this.app;
    const alone = state.roster.participants.length <= 1;
    show(this.#video, null, '');
    this.#video.hidden = this.#inset.hidden = this.#card.hidden = true;
    this.#picture.clear(this);
    this.#seen(false);
    this.#away.hidden = false;
    setIcon(this.#noCamera, 'people');
    setText(this.#awayText, t(alone ? 'meeting.alone' : 'meeting.nobody-seen'));
    this.#box.classList.remove('is-speaking', 'is-frozen', 'is-held', 'is-screen', 'is-own');
    this.#box.setAttribute('aria-label', t('meeting.stage'));
  }
}

customElements.define('gb-stage', Stage);

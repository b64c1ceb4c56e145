import { stayAwake } from '../../kit/awake.js';
import { el, icon, setText } from '../../kit/dom.js';
import { shortcuts } from '../../kit/keyboard.js';
import { mayHear } from '../../state/asking.js';
import { isHost, ownRole } from '../../state/people.js';
import { clock, mark } from '../shared/head.js';
import { RecordingLight } from '../shared/recording-light.js';
import { Bar } from './bar.js';
import { Departures } from './departures.js';
import { Filmstrip } from './filmstrip.js';
import { Granted } from './granted.js';
import { LineOffer } from './line-offer.js';
import { Listening } from './listening.js';
import { Lobby } from './lobby.js';
import { openHelp } from './menu.js';
import { Noise } from './noise.js';
import { Reception } from './own-line.js';
import { panelTabs } from './panel-tabs.js';
import { RequestCards } from './requests.js';
import { Stage } from './stage.js';
import { Technician } from './technician.js';
import { Toast } from './toast.js';
import { Turns } from './turns.js';

/** The meeting: stage, filmstrip and bar; beside them the lobby (for who may admit) and the people. */
export class Meeting extends HTMLElement {
  /** @type {import('../../app/app.js').App} */
  app = /** @type {never} */ (undefined);

  #abort = new AbortController();
  #count = el('span');
  #alarmText = el('b');
  #alarmMore = el('span', { class: 'soft' });
  #again = el('button', { class: 'btn', type: 'button', 'data-testid': 'media-again' });
  /** Beside the controls, never over them: while the line is down one must still be able to shut one's microphone. */
  #alarm = el('div', { class: 'alarm on-paper', role: 'alert', hidden: true },
    icon('lost'), el('span', { class: 'stack' }, this.#alarmText, this.#alarmMore), this.#again);
  #soundOn = el('button', { class: 'btn btn-main btn-big sound-on', type: 'button', hidden: true, 'data-testid': 'sound-on' });

  connectedCallback() {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const { app } = this;
    const bar = this.#part(new Bar());
    const role = ownRole(app.state);
    const host = isHost(role);
    const hears = mayHear(app.state);
    this.replaceChildren(
      el('div', { class: 'meeting on-stage' },
        this.#top(signal),
        hears ? [this.#part(new Stage()), this.#part(new Turns()), this.#part(new Filmstrip())] : this.#part(new Technician()),
        hears && this.#part(new Granted()), bar,
        el('aside', { class: 'panel sheet on-paper' },
          host && this.#urgent(), panelTabs(app, signal), host && this.#part(new Departures())),
        this.#part(new Reception()), this.#part(new LineOffer())),
      this.#soundOn, this.#part(new Toast()), this.#alarm);
    this.#soundOn.addEventListener('click', () => app.resumeSound(), { signal });
    this.#again.addEventListener('click', () => app.reopenMedia(), { signal });
    stayAwake(signal);
    shortcuts({
      m: () => bar.toggle('microphone'),
      v: () => bar.toggle('camera'),
      n: () => bar.next(),
      h: () => bar.hand(),
      '?': () => openHelp(app),
    }, signal);
    app.subscribe((state) => {
      // Another role, or a technician's permission, is another screen.
      if (ownRole(state) !== role || mayHear(state) !== hears) this.#rebuild();
      else this.#render();
    }, signal);
    this.#render();
  }

  disconnectedCallback() {
    this.#abort.abort();
  }

  /** What waits for a press: to the chair those inside come first, to the operator those outside. */
  #urgent() {
    const inside = [this.#part(new Noise()), this.#part(new RequestCards())];
    const outside = this.#part(new Lobby());
    return ownRole(this.app.state) === 'chair' ? [...inside, outside] : [outside, ...inside];
  }

  #rebuild() {
    this.disconnectedCallback();
    this.connectedCallback();
  }

  /**
   * @template {HTMLElement & {app: import('../../app/app.js').App}} T
   * @param {T} element
   * @returns {T}
   */
  #part(element) {
    element.app = this.app;
    return element;
  }

  /** @param {AbortSignal} signal */
  #top(signal) {
    const { state } = this.app;
    return el('header', { class: 'top' },
      mark(state.centre, state.welcome?.meeting.title),
      el('span', { class: 'grow' }),
      this.#part(new RecordingLight()),
      this.#part(new Listening()),
      el('span', { class: 'badge points' }, icon('people'), this.#count),
      clock(this.app, signal));
  }

  #render() {
    const { state, t } = this.app;
    const online = state.roster.participants.filter((who) => who.presence === 'here').length;
    setText(this.#count, t('meeting.points', { count: online }));
    setText(this.#soundOn, t('meeting.sound-on'));
    this.#soundOn.hidden = state.soundOn;
    const failed = state.online === 'online' && state.media === 'failed';
    const away = state.online !== 'online' || state.media === 'reconnecting';
    this.#alarm.hidden = !away && !failed;
    this.#again.hidden = !failed;
    setText(this.#again, t('meeting.media-again'));
    setText(this.#alarmText, this.#alarm.hidden ? '' : t(failed ? 'meeting.media-failed' : 'meeting.reconnecting'));
    setText(this.#alarmMore, t(failed ? 'meeting.media-failed-hint' : 'meeting.reconnecting-hint'));
  }
}

customElements.define('gb-meeting', Meeting);

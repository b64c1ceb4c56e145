import { stayAwake } from '../../kit/awake.js';
import { el, icon, setText } from '../../kit/dom.js';
import { shortcuts } from '../../kit/keyboard.js';
import { isHost, ownRole } from '../../state/people.js';
import { mayHear } from '../../state/permissions.js';
import { AppElement, withApp } from '../shared/element.js';
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

/** The meeting: stage, filmstrip and bar; beside them the people and, for those who admit, the lobby. */
export class Meeting extends AppElement {
  #role = /** @type {import('../../protocol/words.js').Role | undefined} */ (undefined);
  #hears = false;
  #count = el('span');
  #alarmText = el('b');
  #alarmMore = el('span', { class: 'soft' });
  #again = el('button', { class: 'btn', type: 'button', 'data-testid': 'media-again' });
  /** Beside the controls, never over them: people must be able to shut the microphone while the connection is down. */
  #alarm = el('div', { class: 'alarm on-paper', role: 'alert', hidden: true },
    icon('lost'), el('span', { class: 'stack' }, this.#alarmText, this.#alarmMore), this.#again);
  #soundOn = el('button', { class: 'btn btn-main btn-big sound-on', type: 'button', hidden: true, 'data-testid': 'sound-on' });

  /** @override */
  build() {
    const { signal } = this;
    const { app } = this;
    const bar = withApp(new Bar(), app);
    this.#role = ownRole(app.state);
    this.#hears = mayHear(app.state);
    const host = isHost(this.#role);
    const hears = this.#hears;
    this.replaceChildren(
      el('div', { class: 'meeting on-stage' },
        this.#top(signal),
        hears ? [withApp(new Stage(), app), withApp(new Turns(), app), withApp(new Filmstrip(), app)] : withApp(new Technician(), app),
        hears && withApp(new Granted(), app), bar,
        el('aside', { class: 'panel sheet on-paper' },
          host && this.#urgent(), panelTabs(app, signal), host && withApp(new Departures(), app)),
        withApp(new Reception(), app), withApp(new LineOffer(), app)),
      this.#soundOn, withApp(new Toast(), app), this.#alarm);
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
  }

  /** @override @type {AppElement['render']} */
  render(state) {
    // A new role or a technician's permission changes the whole screen.
    if (ownRole(state) !== this.#role || mayHear(state) !== this.#hears) this.rebuild();
    else this.#show();
  }

  /** What needs attention: for the chair, people inside come first; for the operator, people in the lobby. */
  #urgent() {
    const inside = [withApp(new Noise(), this.app), withApp(new RequestCards(), this.app)];
    const outside = withApp(new Lobby(), this.app);
    return ownRole(this.app.state) === 'chair' ? [...inside, outside] : [outside, ...inside];
  }

  /** @param {AbortSignal} signal */
  #top(signal) {
    const { state } = this.app;
    return el('header', { class: 'top' },
      mark(state.centre, state.welcome?.meeting.title),
      el('span', { class: 'grow' }),
      withApp(new RecordingLight(), this.app),
      withApp(new Listening(), this.app),
      el('span', { class: 'badge points' }, icon('people'), this.#count),
      clock(this.app, signal));
  }

  #show() {
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

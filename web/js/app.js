/**
 * Everything that lives as long as the page: the state, the line to the server, the media, the devices. Screens read
 * `state`, say what the person wants, and learn what came of it from the server by `subscribe`.
 */

import * as account from './account.js';
import { mayHear } from './asking.js';
import { Connection } from './connection.js';
import { Devices } from './devices.js';
import { Greeting } from './greeting.js';
import { LANGUAGES, load, translator } from './i18n.js';
import { forget, keep, kept } from './kept.js';
import { LineCheck } from './line-check.js';
import { onNetworkChange } from './network.js';
import { OwnSources } from './own-sources.js';
import { Peer } from './peer.js';
import { ownPerson } from './people.js';
import { PROTOCOL } from './protocol.js';
import * as router from './router.js';
import { ShowWish } from './show-wish.js';
import { Sound } from './sound.js';
import { RECEPTIONS, START, passing, reduce } from './store.js';

/** @typedef {import('./store.js').State} State */
/** @typedef {import('./store.js').Action} Action */
/** @typedef {import('./store.js').Language} Language */
/** @typedef {import('./protocol.js').Source} Source */
/** @typedef {import('./protocol.js').ClientMessage} ClientMessage */
/** @typedef {import('./protocol.js').ServerMessage} ServerMessage */
/** @typedef {(state: State, before: State) => void} Listener */
/** @typedef {{unit: string | null, name: string, present: number | null, total: number | null}} Who */

/** The line check waits so long for camera and microphone: whoever is asked for them may take his time. */
const DEVICES_MS = 4000;
/** Who comes back is shown the meeting at once if the server answers within this, and the door meanwhile if not. */
const PATIENCE_MS = 1500;

export class App {
  /** @type {State} */ state = START;
  devices = new Devices((action) => this.#dispatch(action));
  sound = new Sound((action) => this.#dispatch(action));
  peer = new Peer({
    send: (message) => this.send(message),
    online: () => this.state.online === 'online',
    number: () => this.#number(),
    iceServers: () => this.#iceServers(),
    tell: (media) => this.#dispatch({ type: 'local/media', media }),
    devices: this.devices,
    sound: this.sound,
  });
  /** Text by key, in the chosen language. */
  t = translator({});

  /** @type {Set<Listener>} */ #listeners = new Set();
  /** @type {Partial<Record<Language, import('./i18n.js').Catalogue>>} */ #texts = {};
  #greeting = new Greeting();
  /** The newest number given to a message. */ #numbers = 0;
  #sources = new OwnSources({
    state: () => this.state,
    devices: this.devices,
    number: () => this.#number(),
    say: (message) => this.#say(message),
    refuse: (code) => this.#dispatch({ type: 'local/refused', re: 'set-source', code }),
  });
  #showWish = new ShowWish((message) => this.send(message));
  #check = new LineCheck({
    send: (message) => this.send(message),
    tell: (check) => this.#dispatch({ type: 'local/check', check }),
    number: () => this.#number(),
    iceServers: () => this.#iceServers(),
    track: (source) => this.devices.track(source),
  });
  #connection = new Connection({
    hello: (seen) => this.#hello(seen),
    message: (message) => this.#heard(message),
    online: (online) => {
      this.#dispatch({ type: 'local/online', online });
      if (online !== 'online') this.#check.over('offline');
    },
    delay: (ms) => this.#dispatch({ type: 'local/delay', ms }),
    comeBack: passing,
  });

  constructor() {
    this.devices.onChange = (source) => this.#trackChanged(source);
    onNetworkChange(() => {
      this.#connection.hurry();
      this.peer.networkChanged();
    });
    window.addEventListener('pagehide', () => this.#check.abort(true));
    document.addEventListener('visibilitychange', () => document.hidden || this.#connection.hurry());
  }

  /** Find out where we are: the language, the centre, who is signed in, which meeting. */
  async start() {
    const language = LANGUAGES.find((one) => one === kept('language')) ?? 'vi';
    this.#receive(RECEPTIONS.find((one) => one === kept('reception')) ?? 'all');
    const [, house, who] = await Promise.all([this.#speak(language), account.centre(), kept('signed-in') ? account.whoAmI() : null]);
    const linked = router.meetingOf(location.pathname);
    const meeting = linked ?? house.meeting;
    this.#dispatch({ type: 'local/start', centre: house.centre, meeting, defaultMeeting: house.meeting, account: who });
    if (who && meeting) await Promise.race([this.#connect(), pause(PATIENCE_MS)]);
  }

  /**
   * Hear of every change until the signal is aborted.
   * @param {Listener} listener
   * @param {AbortSignal} signal
   */
  subscribe(listener, signal) {
    if (signal.aborted) return;
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }

  /** @param {ClientMessage} message @returns {boolean} false when offline */
  send(message) {
    return this.#connection.send(message);
  }

  /**
   * @param {string} meeting code
   * @param {string} login
   * @param {string} password
   * @returns {Promise<account.Problem | null>} null once the server has welcomed us
   */
  async signIn(meeting, login, password) {
    const outcome = await account.signIn(login, password);
    if ('problem' in outcome) return outcome.problem;
    keep('signed-in', 'yes');
    this.#dispatch({ type: 'local/signed-in', account: outcome.account, meeting });
    return this.#connect();
  }

  async signOut() {
    if (this.state.screen === 'meeting') this.send({ type: 'leave' });
    if (this.state.screen === 'waiting') this.send({ type: 'withdraw' });
    this.#connection.stop();
    this.#putAway();
    forget('signed-in');
    await account.signOut();
    router.show(null);
    this.#dispatch({ type: 'local/signed-out' });
  }

  /** @param {Language} language */
  async setLanguage(language) {
    keep('language', language);
    await this.#speak(language);
  }

  /** Ask to enter. Answered by the seat's state, or a refusal. @param {Who} who */
  knock(who) {
    const { unit, name, present, total } = who;
    this.#say({ type: 'knock', unit, name, present, total });
  }

  withdraw() {
    this.#say({ type: 'withdraw' });
  }

  /** From a refusal or an ending back to the green room; to the door when the meeting is over. */
  again() {
    const { bye, meeting } = this.state;
    const over = bye?.code === 'ended' || bye?.code === 'meeting-ended';
    if (bye && !over && meeting) void this.#connect();
    else this.#dispatch({ type: 'local/again' });
  }

  leave() {
    if (!this.send({ type: 'leave' })) {
      this.#connection.stop();
      this.#heard({ type: 'bye', code: 'left', reason: '' });
    }
  }

  /**
   * Open or shut one's own source. In the meeting the device comes first, then the server is asked; the roster says what
   * came of it.
   * @param {Source} source
   * @param {boolean} on
   */
  async setSource(source, on) {
    if (source === 'camera' && on && this.state.reception === 'audio-only') this.setReception('no-pictures');
    await this.#sources.set(source, on);
  }

  /** @param {number} page of tiles, from 0 */
  showPage(page) {
    this.#dispatch({ type: 'local/page', page });
  }

  /** @param {number} count places for tiles on this screen, one's own included */
  setTilesPerPage(count) {
    this.#dispatch({ type: 'local/tiles-per-page', count });
  }

  /**
   * What to receive, and with `audio-only` to send. The camera is shut with it, and opened again by its person only.
   * @param {import('./store.js').Reception} mode
   */
  setReception(mode) {
    keep('reception', mode);
    this.#receive(mode);
    if (mode === 'audio-only' && this.devices.track('camera')) void this.setSource('camera', false);
  }

  /**
   * Which element shows the stage, the shared screen, or a participant's tile: the server sends pictures as big as they
   * are shown, and none that are not. Null: it is gone.
   * @param {import('./seen.js').Kind} kind
   * @param {string | null} participant of a tile
   * @param {Element | null} element
   */
  seen(kind, participant, element) {
    this.#showWish.seen(kind, participant, element);
  }

  /** Measure the line, before admission. `state.check` says what came of it. */
  checkLine() {
    const { screen, online } = this.state;
    if (online === 'online' && (screen === 'green-room' || screen === 'waiting')) this.#check.start();
  }

  // --- the line ---

  /** Start a session. @returns {Promise<account.Problem | null>} null when welcomed */
  #connect() {
    const greeted = this.#greeting.expect(() => {
      this.#connection.stop();
      this.#dispatch({ type: 'local/refused', re: 'hello', code: 'unreachable' });
    });
    this.#connection.start();
    return greeted;
  }

  /** @param {number} seen messages of the session before @returns {import('./protocol.js').Hello} */
  #hello(seen) {
    const { meeting, welcome, bye } = this.state;
    const resume = welcome && !bye ? { resume: welcome.session, seen } : {};
    return { type: 'hello', protocol: PROTOCOL, meeting: meeting ?? '', ...resume };
  }

  /** @param {ServerMessage} message */
  #heard(message) {
    const before = this.state;
    this.#dispatch(message);
    switch (message.type) {
      case 'welcome':
        this.#welcomed(message, before);
        break;
      case 'seat':
        if (message.seat === 'admitted') void this.#enter(false);
        else if (before.seat.seat === 'admitted') this.peer.close();
        break;
      case 'answer':
        if (!this.#check.answer(message)) this.peer.answer(message);
        break;
      case 'send-plan':
        this.peer.plan(message);
        break;
      case 'line':
        this.peer.line(message.line);
        this.#check.line(message.line);
        break;
      case 'check-over':
        this.#check.over(message.why);
        break;
      case 'media-lost':
        if (mayHear(this.state)) this.peer.lost();
        else this.peer.close();
        break;
      case 'refusal':
        this.#refused(message);
        break;
      case 'roster':
        this.#sources.obeyHost();
        this.#followPermission(before);
        break;
      case 'bye':
        if (!passing(message.code)) this.#putAway();
        if (!passing(message.code)) this.#greeting.came({ code: message.code });
        break;
      default:
    }
  }

  /** @param {import('./protocol.js').Welcome} welcome @param {State} before */
  #welcomed(welcome, before) {
    this.#showWish.again();
    this.#dispatch({ type: 'local/clock', ms: welcome.now - Date.now() });
    router.show(welcome.meeting.code);
    this.#greeting.came(null);
    if (welcome.seat !== 'admitted') this.peer.close();
    else if (before.screen !== 'meeting') void this.#enter(true);
    else if (mayHear(this.state)) this.peer.resume();
  }

  /**
   * Into the room: media, and the camera if it was on in the green room. The microphone is opened by its person only.
   * @param {boolean} reloaded the seat was kept: whatever was open on the page before is not open on this one
   */
  async #enter(reloaded) {
    this.#check.abort(false); // the server has ended it
    if (!mayHear(this.state)) return this.devices.stop();
    this.peer.open();
    if (reloaded) {
      this.#sources.ask('microphone', false);
      this.#sources.ask('screen', false);
      await (kept('camera') === 'off' ? this.devices.open('microphone') : this.devices.openBoth());
    }
    this.devices.hush();
    if (this.state.screen === 'meeting') this.#sources.ask('camera', this.devices.track('camera') !== null);
  }

  /** A technician has media only while the chair permits it. @param {State} before */
  #followPermission(before) {
    const may = mayHear(this.state);
    if (this.state.screen !== 'meeting' || may === mayHear(before)) return;
    if (may) this.peer.open();
    else this.peer.close();
  }

  /** @param {import('./protocol.js').RefusalMessage} refusal */
  #refused(refusal) {
    if (refusal.re === 'offer') this.peer.refused(refusal.code, refusal.to);
    if (refusal.re === 'check-line') this.#check.refused(refusal.code, refusal.to);
    if (refusal.re === 'set-source') this.#sources.refused(refusal.to);
  }

  /** Send, or say why not. @param {ClientMessage} message */
  #say(message) {
    if (!this.send(message)) this.#dispatch({ type: 'local/refused', re: message.type, code: 'offline' });
  }

  /** A device may also stop by itself: unplugged, or "stop sharing" in the browser's own bar. @param {Source} source */
  #trackChanged(source) {
    void this.peer.refresh(source);
    if (this.state.screen !== 'meeting' || this.devices.track(source)) return;
    const me = ownPerson(this.state);
    if (me && !me[source].gate.includes('self')) this.send({ type: 'set-source', source, on: false });
  }

  /** Numbers of messages, so that an answer finds its question. */
  #number() {
    return (this.#numbers += 1);
  }

  /** @returns {RTCIceServer[]} */
  #iceServers() {
    return (this.state.welcome?.ice_servers ?? []).map(({ urls, username, credential }) => ({ urls: [...urls], username, credential }));
  }

  /** @param {import('./store.js').Reception} reception */
  #receive(reception) {
    this.devices.voiceOnly = reception === 'audio-only';
    this.#dispatch({ type: 'local/reception', reception });
  }

  /** The green room: the devices are asked for, and the line is looked at once. */
  async #prepare() {
    await Promise.race([this.devices.openBoth(), pause(DEVICES_MS)]);
    if (this.state.screen === 'green-room' && this.state.check.state === 'idle') this.checkLine();
  }

  /** Out of the room. */
  #putAway() {
    this.#check.abort(false);
    this.peer.close();
    this.devices.stop();
  }

  // --- the state ---

  /** @param {Action} action */
  #dispatch(action) {
    const before = this.state;
    this.state = reduce(before, action);
    if (this.state === before) return;
    for (const listener of [...this.#listeners]) listener(this.state, before);
    if (this.state.screen === 'green-room' && before.screen !== 'green-room') void this.#prepare();
    this.#showWish.follow(this.state);
  }

  /** @param {Language} language */
  async #speak(language) {
    const texts = (this.#texts[language] ??= await load(language));
    this.t = translator(texts);
    document.documentElement.lang = language;
    this.#dispatch({ type: 'local/language', language });
  }
}

/** @param {number} ms @returns {Promise<void>} */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

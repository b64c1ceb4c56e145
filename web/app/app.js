/**
 * Everything that lives as long as the page: the state, the connection to the server, media and devices. Screens read
 * `state`, call a method for what the person wants, and learn the server's answer through `subscribe`.
 *
 * Folders import only downwards: screens -> app -> link, media -> state -> protocol, kit. `main.js` puts them together.
 * Screens know nothing of link and media; the app has a method for whatever they need.
 */

import { LANGUAGES, load, translator } from '../kit/i18n.js';
import { forget, remember, remembered } from '../kit/storage.js';
import { pause } from '../kit/time.js';
import * as account from '../link/account.js';
import { auditFile, auditOf } from '../link/audit.js';
import { Connection } from '../link/connection.js';
import { Greeting } from '../link/greeting.js';
import { onNetworkChange } from '../link/network.js';
import { recordingFile, recordings } from '../link/recordings.js';
import { server } from '../link/server.js';
import { OwnMedia } from '../media/own-media.js';
import { PROTOCOL } from '../protocol/words.js';
import { RECEPTIONS, START, passing, reduce } from '../state/store.js';
import * as router from './router.js';
import { ShownPictures } from './shown-pictures.js';

/** @typedef {import('../state/store.js').State} State */
/** @typedef {import('../state/store.js').Action} Action */
/** @typedef {import('../state/store.js').Language} Language */
/** @typedef {import('../protocol/words.js').Source} Source */
/** @typedef {import('../protocol/client.js').ClientMessage} ClientMessage */
/** @typedef {import('../protocol/server.js').ServerMessage} ServerMessage */
/** @typedef {import('../link/audit.js').Entry} AuditEntry */
/** @typedef {import('../link/recordings.js').StoredRecording} StoredRecording */
/** @typedef {import('../link/server.js').Certificate} Certificate */
/** @typedef {(state: State, before: State) => void} Listener */
/** @typedef {{unit: string | null, name: string, present: number | null, total: number | null}} Who */

/** Somebody who comes back sees the meeting at once if the server answers within this time, otherwise first the door. */
const PATIENCE_MS = 1500;

export class App {
  /** @type {State} */ state = START;
  #numbers = 0;
  #media = new OwnMedia({
    state: () => this.state,
    send: (message) => this.send(message),
    say: (message) => this.#say(message),
    dispatch: (action) => this.#dispatch(action),
    number: () => (this.#numbers += 1),
  });
  /** Text by key, in the chosen language. */
  t = translator({});

  /** @type {Set<Listener>} */ #listeners = new Set();
  /** @type {Partial<Record<Language, import('../kit/i18n.js').Catalogue>>} */ #texts = {};
  #greeting = new Greeting();
  #shownPictures = new ShownPictures((message) => this.send(message));
  #connection = new Connection({
    hello: (seen) => this.#hello(seen),
    message: (message) => this.#heard(message),
    online: (online) => {
      this.#dispatch({ type: 'local/online', online });
      if (online !== 'online') this.#media.offline();
    },
    delay: (ms) => this.#dispatch({ type: 'local/delay', ms }),
    comeBack: passing,
  });

  constructor() {
    onNetworkChange(() => {
      this.#connection.hurry();
      this.#media.networkChanged();
    });
    window.addEventListener('pagehide', () => this.#media.pageClosed());
    document.addEventListener('visibilitychange', () => document.hidden || this.#back());
    window.addEventListener('pageshow', ({ persisted }) => persisted && this.#back());
  }

  /** Find out the language, the centre, who is signed in, and which meeting. */
  async start() {
    const language = LANGUAGES.find((one) => one === remembered('language')) ?? 'vi';
    this.#receive(RECEPTIONS.find((one) => one === remembered('reception')) ?? 'all');
    const [, home, who] = await Promise.all([this.#speak(language), account.centre(), remembered('signed-in') ? account.whoAmI() : null]);
    const linked = router.meetingOf(location.pathname);
    const meeting = linked ?? home.meeting;
    this.#dispatch({ type: 'local/start', centre: home.centre, meeting, defaultMeeting: home.meeting, account: who });
    if (who && meeting) await Promise.race([this.#connect(), pause(PATIENCE_MS)]);
  }

  /**
   * Be told of every change until the signal is aborted.
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
    remember('signed-in', 'yes');
    this.#dispatch({ type: 'local/signed-in', account: outcome.account, meeting });
    return this.#connect();
  }

  async signOut() {
    if (this.state.screen === 'meeting') this.send({ type: 'leave' });
    if (this.state.screen === 'waiting') this.send({ type: 'withdraw' });
    this.#connection.stop();
    this.#media.close();
    forget('signed-in');
    await account.signOut();
    router.show(null);
    this.#dispatch({ type: 'local/signed-out' });
  }

  /** @param {Language} language */
  async setLanguage(language) {
    remember('language', language);
    await this.#speak(language);
  }

  /** Ask to enter. The answer is the seat's state, or a refusal. @param {Who} who */
  knock(who) {
    const { unit, name, present, total } = who;
    this.#say({ type: 'knock', unit, name, present, total });
  }

  withdraw() {
    this.#say({ type: 'withdraw' });
  }

  /** Go back to the green room after a refusal or an ending, or to the door when the meeting is over. */
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
   * Open or shut an own source. In the meeting the device is opened first and then the server is asked; the roster shows
   * the result.
   * @param {Source} source
   * @param {boolean} on
   */
  async setSource(source, on) {
    if (source === 'camera' && on && this.state.reception === 'audio-only') this.setReception('no-pictures');
    await this.#media.setSource(source, on);
  }

  /** @param {number} page of tiles, from 0 */
  showPage(page) {
    this.#dispatch({ type: 'local/page', page });
  }

  /** @param {number} count places for tiles on this screen, the own tile included */
  setTilesPerPage(count) {
    this.#dispatch({ type: 'local/tiles-per-page', count });
  }

  /**
   * Choose what to receive. `audio-only` also shuts the camera; only the person opens it again.
   * @param {import('../state/store.js').Reception} mode
   */
  setReception(mode) {
    remember('reception', mode);
    this.#receive(mode);
    if (mode === 'audio-only' && this.#media.track('camera')) void this.setSource('camera', false);
  }

  /**
   * Say which element shows the stage, the shared screen or a participant's tile; null: none does. The server sends
   * pictures as big as they are shown, and none that are not visible.
   * @param {import('../state/picture-sizes.js').Kind} kind
   * @param {string | null} participant of a tile
   * @param {Element | null} element
   */
  shows(kind, participant, element) {
    this.#shownPictures.shows(kind, participant, element);
  }

  /** Measure the line before admission. The result is in `state.check`. */
  checkLine() {
    this.#media.checkLine();
  }

  // --- pictures, sound and devices ---

  /** What arrives on a receiving line; always the same object. @param {string} mid @returns {MediaStream} */
  received(mid) {
    return this.#media.peer.stream(mid);
  }

  /** This client's own camera or screen while it runs. @param {'camera' | 'screen'} source @returns {MediaStream | null} */
  ownPicture(source) {
    return this.#media.ownPicture(source);
  }

  /** The own camera's picture for a preview; empty while the camera is off. */
  get cameraPreview() {
    return this.#media.devices.cameraStream;
  }

  /** Connect the media again after they failed. */
  reopenMedia() {
    this.#media.peer.open();
  }

  /** After a click: play what the browser held back. */
  resumeSound() {
    this.#media.sound.resume();
  }

  /** Ring the bell: somebody knocks or writes. */
  ring() {
    void this.#media.sound.bell();
  }

  testSound() {
    void this.#media.sound.test();
  }

  /** @param {'microphone' | 'camera'} kind @param {string} id one of `state.devices` */
  async chooseDevice(kind, id) {
    this.dismissDeviceNews();
    await this.#media.devices.choose(kind, id);
  }

  /** Try once more to open it. @param {'microphone' | 'camera'} kind */
  async openDevice(kind) {
    await this.#media.devices.open(kind);
  }

  /** The person has read it, or a screen has shown it long enough. */
  dismissDeviceNews() {
    if (this.state.deviceNews) this.#dispatch({ type: 'local/device-news-read' });
  }

  /** Loudness of the own microphone now, 0 to 1; null while the browser does not measure it. */
  microphoneLevel() {
    return this.#media.devices.level();
  }

  // --- what is read over HTTP ---

  /** The log of this meeting, the newest entry first; null when it cannot be read. */
  auditLog() {
    return auditOf(this.#meetingCode);
  }

  /** Address of the log as a file. @param {'csv' | 'jsonl'} form */
  auditFile(form) {
    return auditFile(this.#meetingCode, form);
  }

  get #meetingCode() {
    return this.state.welcome?.meeting.code ?? '';
  }

  /** The recordings that the server has, the newest first; null when they cannot be read. */
  recordings() {
    return recordings();
  }

  /** @param {string} id of a recording */
  recordingFile(id) {
    return recordingFile(id);
  }

  /** How the server's certificates stand; null when that cannot be read. */
  server() {
    return server();
  }

  // --- the line ---

  /** The page was hidden or frozen. */
  #back() {
    this.#connection.hurry();
    this.#media.pageBack();
  }

  /** Start a session. @returns {Promise<account.Problem | null>} null when welcomed */
  #connect() {
    const greeted = this.#greeting.expect(() => {
      this.#connection.stop();
      this.#dispatch({ type: 'local/refused', re: 'hello', code: 'unreachable' });
    });
    this.#connection.start();
    return greeted;
  }

  /** @param {number} seen messages of the session before @returns {import('../protocol/client.js').Hello} */
  #hello(seen) {
    const { meeting, welcome, bye } = this.state;
    const resume = welcome && !bye ? { resume: welcome.session, seen } : {};
    return { type: 'hello', protocol: PROTOCOL, meeting: meeting ?? '', ...resume };
  }

  /** @param {ServerMessage} message */
  #heard(message) {
    const before = this.state;
    this.#dispatch(message);
    this.#media.heard(message, before);
    if (message.type === 'welcome') this.#welcomed(message, before);
    if (message.type === 'bye' && !passing(message.code)) {
      this.#media.close();
      this.#greeting.arrived({ code: message.code });
    }
  }

  /** @param {import('../protocol/server.js').Welcome} welcome @param {State} before */
  #welcomed(welcome, before) {
    this.#shownPictures.again();
    this.#dispatch({ type: 'local/clock', ms: welcome.now - Date.now() });
    router.show(welcome.meeting.code);
    this.#greeting.arrived(null);
    this.#media.welcomed(welcome, before);
  }

  /** Send, or say why not. @param {ClientMessage} message */
  #say(message) {
    if (!this.send(message)) this.#dispatch({ type: 'local/refused', re: message.type, code: 'offline' });
  }

  /** @param {import('../state/store.js').Reception} reception */
  #receive(reception) {
    this.#media.setVoiceOnly(reception === 'audio-only');
    this.#dispatch({ type: 'local/reception', reception });
  }

  // --- the state ---

  /** @param {Action} action */
  #dispatch(action) {
    const before = this.state;
    this.state = reduce(before, action);
    if (this.state === before) return;
    for (const listener of [...this.#listeners]) {
      if (this.#listeners.has(listener)) listener(this.state, before); // an earlier one may have ended it
    }
    this.#media.followScreen(this.state, before);
    this.#shownPictures.follow(this.state);
  }

  /** @param {Language} language */
  async #speak(language) {
    const texts = (this.#texts[language] ??= await load(language));
    this.t = translator(texts);
    document.documentElement.lang = language;
    this.#dispatch({ type: 'local/language', language });
  }
}

/**
 * Everything that sends or receives sound and pictures for as long as the page lives: devices, loudspeaker, the meeting's
 * transport and the line check before it. It follows the server's messages and sends its own through the app.
 */

import { remembered } from '../kit/storage.js';
import { pause } from '../kit/time.js';
import { ownPerson } from '../state/people.js';
import { mayHear } from '../state/permissions.js';
import { Devices } from './devices.js';
import { LineCheck } from './line-check.js';
import { OwnSources } from './own-sources.js';
import { Peer } from './peer.js';
import { preparation } from './preparing.js';
import { Sound } from './sound.js';

/** @typedef {import('../state/store.js').State} State */
/** @typedef {import('../protocol/words.js').Source} Source */
/** @typedef {import('../protocol/client.js').ClientMessage} ClientMessage */
/**
 * @typedef {object} Around
 * @property {() => State} state
 * @property {(message: ClientMessage) => boolean} send false when offline
 * @property {(message: ClientMessage) => void} say send, or tell the person why it is impossible
 * @property {(action: import('../state/store.js').Action) => void} dispatch
 * @property {() => number} number the next message's number, by which its answer is recognised
 */

/** How long the line check waits for camera and microphone: people take their time to permit them. */
const DEVICES_MS = 4000;
/** Here nobody else sees or hears what is open. @type {Set<import('../state/store.js').Screen>} */
const PREVIEWS = new Set(['green-room', 'waiting', 'refused']);

export class OwnMedia {
  #around;
  #check;
  #sources;

  /** @param {Around} around */
  constructor(around) {
    this.#around = around;
    const { state, send, say, dispatch, number } = around;
    const iceServers = () => this.#iceServers();
    this.devices = new Devices(dispatch);
    this.sound = new Sound(dispatch);
    this.peer = new Peer({
      send,
      number,
      iceServers,
      online: () => state().online === 'online',
      tell: (media) => dispatch({ type: 'local/media', media }),
      devices: this.devices,
      sound: this.sound,
    });
    this.#sources = new OwnSources({
      state,
      number,
      say,
      devices: this.devices,
      refuse: (code) => dispatch({ type: 'local/refused', re: 'set-source', code }),
    });
    this.#check = new LineCheck({
      send,
      number,
      iceServers,
      tell: (check) => dispatch({ type: 'local/check', check }),
      track: (source) => this.devices.track(source),
    });
    this.devices.onChange = (source) => this.#trackChanged(source);
    this.devices.previews = () => PREVIEWS.has(state().screen);
    this.devices.watch();
  }

  /**
   * A message of the server, after the state has taken it in.
   * @param {import('../protocol/server.js').ServerMessage} message
   * @param {State} before
   */
  heard(message, before) {
    switch (message.type) {
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
        if (mayHear(this.#around.state())) this.peer.lost();
        else this.peer.close();
        break;
      case 'refusal':
        this.#refused(message);
        break;
      case 'roster':
        this.#sources.obeyHost();
        this.#followPermission(before);
        break;
      default:
    }
  }

  /** A session has begun. @param {import('../protocol/server.js').Welcome} welcome @param {State} before */
  welcomed(welcome, before) {
    if (welcome.seat !== 'admitted') this.peer.close();
    else if (before.screen !== 'meeting') void this.#enter(true);
    else if (mayHear(this.#around.state())) this.peer.resume();
  }

  /** Open camera and microphone where a screen needs them. @param {State} state @param {State} before */
  followScreen(state, before) {
    const what = preparation(state, before);
    if (what === 'devices-and-line') void this.#openAndCheck();
    if (what === 'devices') void this.devices.openBoth();
  }

  async #openAndCheck() {
    await Promise.race([this.devices.openBoth(), pause(DEVICES_MS)]);
    const { screen, check } = this.#around.state();
    if (screen === 'green-room' && check.state === 'idle') this.checkLine();
  }

  /** Measure the line before admission. */
  checkLine() {
    const { screen, online } = this.#around.state();
    if (online === 'online' && (screen === 'green-room' || screen === 'waiting')) this.#check.start();
  }

  /** The session is gone. */
  offline() {
    this.#check.over('offline');
  }

  /** The page is closing: the server need not wait for the check. */
  pageClosed() {
    this.#check.abort(true);
  }

  /** The page is visible again, after a phone had it asleep: devices may be gone, and players paused. */
  pageBack() {
    void this.devices.look();
    this.sound.goOn();
  }

  networkChanged() {
    this.peer.networkChanged();
  }

  /** While on, the camera is opened only when it is asked for by name. @param {boolean} on */
  setVoiceOnly(on) {
    this.devices.voiceOnly = on;
  }

  /** @param {Source} source @param {boolean} on */
  async setSource(source, on) {
    await this.#sources.set(source, on);
  }

  /** @param {Source} source @returns {MediaStreamTrack | null} the track that runs */
  track(source) {
    return this.devices.track(source);
  }

  /** This client's own camera or screen while it runs. @param {'camera' | 'screen'} source @returns {MediaStream | null} */
  ownPicture(source) {
    if (!this.track(source)) return null;
    return source === 'camera' ? this.devices.cameraStream : this.devices.screenStream;
  }

  /** The person has left the room or signed out. */
  close() {
    this.#check.abort(false);
    this.peer.close();
    this.devices.stop();
  }

  /**
   * Enter the room: open the media, and the camera if it was on in the green room. Only the person opens the microphone.
   * @param {boolean} reloaded the seat was kept, but what was open on the last page is not open on this one
   */
  async #enter(reloaded) {
    this.#check.abort(false); // the server has ended it
    if (!mayHear(this.#around.state())) return this.devices.stop();
    this.peer.open();
    if (reloaded) {
      this.#sources.ask('microphone', false);
      this.#sources.ask('screen', false);
      await (remembered('camera') === 'off' ? this.devices.open('microphone') : this.devices.openBoth());
    }
    this.devices.hush();
    if (this.#around.state().screen === 'meeting') this.#sources.ask('camera', this.devices.track('camera') !== null);
  }

  /** A technician has media only while the chair permits it. @param {State} before */
  #followPermission(before) {
    const now = this.#around.state();
    const may = mayHear(now);
    if (now.screen !== 'meeting' || may === mayHear(before)) return;
    if (may) this.peer.open();
    else this.peer.close();
  }

  /** @param {import('../protocol/server.js').Refusal} refusal */
  #refused(refusal) {
    if (refusal.re === 'offer') this.peer.refused(refusal.code, refusal.to);
    if (refusal.re === 'check-line') this.#check.refused(refusal.code, refusal.to);
    if (refusal.re === 'set-source') this.#sources.refused(refusal.to);
  }

  /** A device may also stop by itself: it is unplugged, or the person presses the browser's "stop sharing". @param {Source} source */
  #trackChanged(source) {
    void this.peer.refresh(source);
    const state = this.#around.state();
    if (state.screen !== 'meeting' || this.devices.track(source)) return;
    const me = ownPerson(state);
    if (me && !me[source].gate.includes('self')) this.#around.send({ type: 'set-source', source, on: false });
  }

  /** @returns {RTCIceServer[]} */
  #iceServers() {
    return (this.#around.state().welcome?.ice_servers ?? []).map(({ urls, username, credential }) => ({ urls: [...urls], username, credential }));
  }
}

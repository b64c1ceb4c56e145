/**
 * What this client knows, as one immutable value; `reduce(state, action)` makes the next one. Server messages are actions
 * as they come. Types of what happens on this side start with "local/". Pure.
 */

import { withLines } from './board.js';
import { NO_DEVICES, usedDevice } from './own-devices.js';
import { NOT_RECORDED } from './recording.js';
import { standbyOf } from './standby.js';
import { NO_CHECK } from './verdict.js';

/** @typedef {import('../protocol/views.js').ParticipantView} ParticipantView */
/** @typedef {import('../protocol/words.js').Source} Source */
/** @typedef {'door' | 'green-room' | 'waiting' | 'refused' | 'meeting' | 'ended'} Screen */
/** @typedef {import('../kit/i18n.js').Language} Language */
/** @typedef {'offline' | 'connecting' | 'online' | 'reconnecting'} Online */
/** @typedef {'none' | 'connecting' | 'connected' | 'reconnecting' | 'failed'} Media */
/** @typedef {typeof RECEPTIONS[number]} Reception what this client receives; with audio-only it sends no picture either */
/** @typedef {import('./own-devices.js').DeviceState} DeviceState */
/** @typedef {import('./own-devices.js').DeviceStates} DeviceStates */
/** @typedef {{account: string, name: string, role: import('../protocol/words.js').Role, unit: import('../protocol/views.js').UnitView | null}} Account */
/**
 * @typedef {object} State
 * @property {Screen} screen
 * @property {Language} language
 * @property {string} centre
 * @property {string | null} defaultMeeting
 * @property {string | null} meeting its code, from the door or the link
 * @property {Account | null} account
 * @property {Online} online
 * @property {number | null} delayMs round trip on the WebSocket
 * @property {number} clockMs add this to the local clock to get the server's
 * @property {import('../protocol/server.js').Welcome | null} welcome
 * @property {{seat: import('../protocol/words.js').SeatState, reason: string, since: number}} seat
 * @property {import('./standby.js').Standby | null} standby why a knock was refused for now; the page knocks again by itself
 * @property {{version: number, knocks: readonly import('../protocol/views.js').KnockView[], banned: readonly import('../protocol/views.js').BannedView[]}} lobby
 * @property {Readonly<Record<string, readonly import('../protocol/views.js').TalkLine[]>>} talks messages to and from people in the lobby, by knock
 * @property {{version: number, participants: readonly ParticipantView[]}} roster
 * @property {import('../protocol/server.js').Floor} floor the rules, who has the floor, who waits for it
 * @property {{version: number, requests: readonly import('../protocol/views.js').RequestView[]}} requests not decided yet
 * @property {{version: number, departures: readonly import('../protocol/views.js').DepartureView[]}} departures
 * @property {import('../protocol/server.js').Decision | null} decision the newest, on this person's own request
 * @property {import('../protocol/server.js').Hint | null} hint the newest
 * @property {{noisy: readonly string[], times: readonly import('../protocol/views.js').TalkTime[]}} voices
 * @property {import('../protocol/server.js').Recording} recording
 * @property {readonly import('../protocol/views.js').SlotView[]} slots
 * @property {{heard: readonly string[], stage: string | null}} speakers
 * @property {import('../protocol/views.js').LineView | null} line our own, as the server measures it
 * @property {import('./board.js').Board} board everyone's line, for chair and operator
 * @property {Reception} reception
 * @property {import('./verdict.js').Check} check the line check before admission
 * @property {{re: string, code: string, at: number} | null} refusal the newest; `at` grows with each
 * @property {{code: string, reason: string} | null} bye
 * @property {Media} media
 * @property {number} tilePage from 0
 * @property {number} tilesPerPage places for tiles on this screen, own tile included
 * @property {DeviceStates} devices
 * @property {import('./own-devices.js').DeviceNews | null} deviceNews the newest, until it is dismissed
 * @property {{microphone: boolean, camera: boolean, screen: boolean}} local which of this client's tracks are running
 * @property {boolean} soundOn false while the browser waits for a click before it plays
 */
/**
 * @typedef {{type: 'local/start', centre: string, meeting: string | null, defaultMeeting: string | null, account: Account | null}
 *   | {type: 'local/language', language: Language}
 *   | {type: 'local/signed-in', account: Account, meeting: string}
 *   | {type: 'local/signed-out'}
 *   | {type: 'local/online', online: Online}
 *   | {type: 'local/delay', ms: number}
 *   | {type: 'local/clock', ms: number}
 *   | {type: 'local/media', media: Media}
 *   | {type: 'local/page', page: number}
 *   | {type: 'local/tiles-per-page', count: number}
 *   | {type: 'local/devices', devices: Partial<DeviceStates>}
 *   | {type: 'local/device-news', what: import('./own-devices.js').News, source: import('./own-devices.js').Kind, id: string, label: string}
 *   | {type: 'local/device-news-read'}
 *   | {type: 'local/source', source: Source, on: boolean}
 *   | {type: 'local/sound', on: boolean}
 *   | {type: 'local/reception', reception: Reception}
 *   | {type: 'local/check', check: import('./verdict.js').Check}
 *   | {type: 'local/refused', re: string, code: string}
 *   | {type: 'local/again'}} LocalAction
 */
/** @typedef {LocalAction | import('../protocol/server.js').ServerMessage} Action */

const OUTSIDE = Object.freeze({ seat: /** @type {const} */ ('outside'), reason: '', since: 0 });
const NOBODY = Object.freeze({ version: -1, participants: Object.freeze([]) });
const NO_KNOCKS = Object.freeze({ version: -1, knocks: Object.freeze([]), banned: Object.freeze([]) });
const NO_TALKS = Object.freeze({});
const NO_REQUESTS = Object.freeze({ version: -1, requests: Object.freeze([]) });
const NO_DEPARTURES = Object.freeze({ version: -1, departures: Object.freeze([]) });
const NO_VOICES = Object.freeze({ noisy: Object.freeze([]), times: Object.freeze([]) });
/** Before the server has sent one. @type {import('../protocol/server.js').Floor} */
const NO_FLOOR = Object.freeze({
  type: 'floor', version: -1, mode: 'open', order: [], turn_s: 0, hard_mute: true, screen_by_permission: true, locked: false, go_round: false,
  chairs: [], turns: [], queue: [], next: null, progress: [],
});
const NO_LINES = /** @type {import('./board.js').Board} */ (Object.freeze({}));
const SILENCE = Object.freeze({ heard: Object.freeze([]), stage: null });

/** What this client may receive, most first. */
export const RECEPTIONS = /** @type {const} */ (['all', 'no-pictures', 'audio-only']);

/** Goodbyes after which the client reconnects by itself. */
const PASSING = new Set(['shutting-down', 'too-slow', 'too-fast', 'too-many-sessions', 'storage-unavailable', 'media-unavailable']);

/** @param {string} code @returns {boolean} */
export const passing = (code) => PASSING.has(code);

/** @type {State} */
export const START = Object.freeze({
  screen: 'door',
  language: 'vi',
  centre: '',
  defaultMeeting: null,
  meeting: null,
  account: null,
  online: 'offline',
  delayMs: null,
  clockMs: 0,
  welcome: null,
  seat: OUTSIDE,
  standby: null,
  lobby: NO_KNOCKS,
  talks: NO_TALKS,
  roster: NOBODY,
  floor: NO_FLOOR,
  requests: NO_REQUESTS,
  departures: NO_DEPARTURES,
  decision: null,
  hint: null,
  voices: NO_VOICES,
  recording: NOT_RECORDED,
  slots: Object.freeze([]),
  speakers: SILENCE,
  line: null,
  board: NO_LINES,
  reception: 'all',
  check: NO_CHECK,
  refusal: null,
  bye: null,
  media: 'none',
  tilePage: 0,
  tilesPerPage: 6,
  devices: NO_DEVICES,
  deviceNews: null,
  local: Object.freeze({ microphone: false, camera: false, screen: false }),
  soundOn: true,
});

/**
 * The state after the action; the same object if nothing changed.
 * @param {State} state
 * @param {Action} action
 * @returns {State}
 */
export function reduce(state, action) {
  const next = step(state, action);
  if (next === state) return state;
  const screen = screenOf(next);
  return screen === next.screen ? next : { ...next, screen };
}

/** @param {State} state @returns {Screen} */
function screenOf(state) {
  if (!state.account) return 'door';
  if (state.bye) return 'ended';
  if (!state.welcome) return 'door';
  switch (state.seat.seat) {
    case 'admitted':
      return 'meeting';
    case 'waiting':
      return 'waiting';
    case 'refused':
      return 'refused';
    default:
      return state.standby ? 'waiting' : 'green-room';
  }
}

/** @param {State} state @param {Action} action @returns {State} */
function step(state, action) {
  switch (action.type) {
    case 'welcome':
      return welcomed(state, action);
    case 'seat':
      return seated(state, action);
    case 'lobby':
      return withLobby(state, action);
    case 'lobby-talk':
      return { ...state, talks: { ...state.talks, [action.knock]: action.lines } };
    case 'floor':
    case 'requests':
    case 'departures':
      return action.version < state[action.type].version ? state : { ...state, [action.type]: action };
    case 'decision':
    case 'hint':
    case 'voices':
    case 'recording':
      return { ...state, [action.type]: action };
    case 'roster':
      if (action.version < state.roster.version) return state;
      return { ...state, roster: { version: action.version, participants: action.participants } };
    case 'slots':
      return { ...state, slots: action.slots };
    case 'speakers':
      return { ...state, speakers: { heard: action.heard, stage: action.stage } };
    case 'line':
      return { ...state, line: action.line };
    case 'lines':
      return { ...state, board: withLines(state.board, action, state.roster.participants) };
    case 'media-lost':
      return { ...state, media: 'reconnecting', slots: [], speakers: SILENCE };
    case 'refusal':
      // A failed check shows its own reason.
      return action.re === 'check-line' ? state : withRefusal(state, action.re, action.code);
    case 'bye':
      return goodbye(state, action.code, action.reason);
    case 'answer':
    case 'pong':
    case 'send-plan':
    case 'check-over':
      return state;
    default:
      return local(state, action);
  }
}

/**
 * The lobby. Messages with people who no longer wait are forgotten.
 * @param {State} state
 * @param {import('../protocol/server.js').Lobby} lobby
 * @returns {State}
 */
function withLobby(state, { version, knocks, banned }) {
  if (version < state.lobby.version) return state;
  const talks = Object.fromEntries(Object.entries(state.talks).filter(([knock]) => knocks.some((one) => one.id === knock)));
  return { ...state, lobby: { version, knocks, banned }, talks };
}

/**
 * Something happened on this side.
 * @param {State} state
 * @param {LocalAction} action
 * @returns {State}
 */
function local(state, action) {
  switch (action.type) {
    case 'local/start': {
      const { centre, meeting, defaultMeeting, account } = action;
      return { ...state, centre, meeting, defaultMeeting, account };
    }
    case 'local/language':
      return { ...state, language: action.language };
    case 'local/signed-in':
      return { ...outOfMeeting(state), account: action.account, meeting: action.meeting };
    case 'local/signed-out':
      return { ...outOfMeeting(state), account: null };
    case 'local/online':
      if (action.online === state.online) return state;
      return { ...state, online: action.online, delayMs: action.online === 'online' ? state.delayMs : null };
    case 'local/delay':
      return { ...state, delayMs: action.ms };
    case 'local/clock':
      return { ...state, clockMs: action.ms };
    case 'local/media':
      return action.media === state.media ? state : { ...state, media: action.media };
    case 'local/page':
      return { ...state, tilePage: Math.max(0, action.page) };
    case 'local/tiles-per-page':
      return action.count === state.tilesPerPage ? state : { ...state, tilesPerPage: Math.max(1, action.count) };
    case 'local/devices':
      return { ...state, devices: { ...state.devices, ...action.devices } };
    case 'local/device-news': {
      const { what, source, id, label } = action;
      return { ...state, deviceNews: { what, source, id, label: label || (usedDevice(state.devices, source, id)?.label ?? '') } };
    }
    case 'local/device-news-read':
      return { ...state, deviceNews: null };
    case 'local/source':
      return { ...state, local: { ...state.local, [action.source]: action.on } };
    case 'local/sound':
      return action.on === state.soundOn ? state : { ...state, soundOn: action.on };
    case 'local/reception':
      return action.reception === state.reception ? state : { ...state, reception: action.reception };
    case 'local/check':
      return action.check === state.check ? state : { ...state, check: action.check };
    case 'local/refused':
      return withRefusal(state, action.re, action.code);
    case 'local/again':
      if (state.standby) return { ...state, standby: null, refusal: null };
      return state.screen === 'refused' ? { ...state, seat: OUTSIDE, refusal: null } : outOfMeeting(state);
    default:
      return state;
  }
}

/**
 * A welcome opens a session. Somebody who comes back to their seat keeps the old state of the room until the new one
 * arrives.
 * @param {State} state
 * @param {import('../protocol/server.js').Welcome} welcome
 * @returns {State}
 */
function welcomed(state, welcome) {
  const inside = welcome.seat === 'admitted';
  const since = state.seat.seat === welcome.seat ? state.seat.since : 0;
  return {
    ...state,
    welcome,
    centre: welcome.meeting.centre,
    bye: null,
    seat: { seat: welcome.seat, reason: welcome.reason, since },
    roster: inside ? { version: -1, participants: state.roster.participants } : NOBODY,
    standby: welcome.seat === 'outside' ? state.standby : null,
    lobby: { ...state.lobby, version: -1 },
    floor: inside ? { ...state.floor, version: -1 } : NO_FLOOR,
    requests: inside ? { ...state.requests, version: -1 } : NO_REQUESTS,
    departures: inside ? { ...state.departures, version: -1 } : NO_DEPARTURES,
    voices: inside ? state.voices : NO_VOICES,
    slots: inside ? state.slots : [],
    speakers: inside ? state.speakers : SILENCE,
    line: inside ? state.line : null,
    board: inside ? state.board : NO_LINES,
    media: inside ? state.media : 'none',
  };
}

/** @param {State} state @param {import('../protocol/server.js').SeatChanged} message @returns {State} */
function seated(state, message) {
  const seat = { seat: message.seat, reason: message.reason, since: message.since };
  if (message.seat === 'admitted') return { ...state, seat, standby: null, refusal: null, line: null };
  const order = { standby: null, floor: NO_FLOOR, requests: NO_REQUESTS, departures: NO_DEPARTURES, voices: NO_VOICES, decision: null };
  const empty = { ...order, roster: NOBODY, slots: [], speakers: SILENCE, board: NO_LINES, tilePage: 0, media: /** @type {const} */ ('none') };
  return { ...state, ...empty, seat, refusal: null };
}

/** @param {State} state @param {string} re @param {string} code @returns {State} */
function withRefusal(state, re, code) {
  const standby = standbyOf(re, code) ?? (re === 'knock' && code !== 'offline' ? null : state.standby);
  return { ...state, standby, refusal: { re, code, at: (state.refusal?.at ?? 0) + 1 } };
}

/** @param {State} state @param {string} code @param {string} reason @returns {State} */
function goodbye(state, code, reason) {
  if (passing(code)) return withRefusal(state, '', code);
  if (!state.welcome || code === 'not-signed-in') {
    return withRefusal({ ...outOfMeeting(state), account: null }, 'hello', code);
  }
  return { ...outOfMeeting(state), welcome: state.welcome, bye: { code, reason } };
}

/** Forget everything that belongs to one session. @param {State} state @returns {State} */
function outOfMeeting(state) {
  const { welcome, seat, standby, lobby, talks, roster, floor, requests, departures, decision, hint, voices, recording } = START;
  const { slots, speakers, line, board, check, refusal, bye, media, tilePage, delayMs } = START;
  return { ...state, welcome, seat, standby, lobby, talks, roster, floor, requests, departures, decision, hint, voices, recording,
    slots, speakers, line, board, check, refusal, bye, media, tilePage, delayMs };
}

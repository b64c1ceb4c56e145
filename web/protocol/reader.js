/**
 * The WebSocket protocol as this side sees it: the types of `signaling/messages/`, and a reader that believes nothing.
 * The files in `signaling/protocol/schema/examples/` hold both sides to the same contract.
 */

/** @typedef {'microphone' | 'camera' | 'screen'} Source */
/** @typedef {'audio' | 'stage' | 'screen' | 'tile'} SlotKind */
/** @typedef {'chair' | 'operator' | 'delegate' | 'technician' | 'sysadmin'} Role */
/** @typedef {'board' | 'office' | 'department' | 'station'} UnitKind */
/** @typedef {'outside' | 'waiting' | 'admitted' | 'refused'} SeatState */
/** @typedef {'unknown' | 'good' | 'fair' | 'poor'} Quality */
/** @typedef {'open' | 'moderated' | 'ordered'} FloorMode */
/** @typedef {'leave' | 'screen' | 'listen'} Permission */
/** @typedef {'here' | 'closed' | 'lost'} Presence */
/** @typedef {'permitted' | 'unpermitted' | 'lost' | 'removed' | 'sent-back'} DepartureKind */
/** @typedef {{id: string, name: string, short: string, kind: UnitKind}} Unit */
/** @typedef {{gate: readonly string[], flowing: boolean}} SourceView */
/**
 * @typedef {object} Participant
 * @property {string} id
 * @property {string} unit unit id
 * @property {string} name
 * @property {Role} role
 * @property {number | null} present
 * @property {number | null} total
 * @property {Presence} presence
 * @property {number} away since when, in Unix milliseconds; 0: here
 * @property {number} listens a technician hears and sees until then; 0: does not
 * @property {boolean} may_leave
 * @property {number} since Unix milliseconds
 * @property {SourceView} microphone
 * @property {SourceView} camera
 * @property {SourceView} screen
 * @property {Quality} quality
 */
/**
 * @typedef {object} KnockView
 * @property {string} id
 * @property {string} unit unit id
 * @property {string} name
 * @property {Role} role
 * @property {number | null} present
 * @property {number | null} total
 * @property {number} since Unix milliseconds
 * @property {boolean} expected the account belongs to the unit it says it speaks for, and the unit to the meeting
 * @property {boolean} outsider only the chair may let it in
 * @property {boolean} online
 */
/** @typedef {{participant: string, unit: string, name: string, reason: string}} BannedView */
/** @typedef {{name: string, staff: boolean, text: string, at: number}} TalkLine */
/** @typedef {{participant: string, topic: string, registered: boolean, round: boolean, skipped: boolean, since: number}} WishView one place in the queue for the floor */
/** @typedef {{participant: string, since: number, until: number, dialogue: boolean, silent: boolean}} TurnView until 0: no limit */
/** @typedef {{kind: UnitKind, spoken: number, points: number}} Progress */
/** @typedef {{participant: string, permission: Permission, reason: string, since: number}} RequestView */
/** @typedef {{id: string, participant: string, unit: string, name: string, kind: DepartureKind, was: DepartureKind, reason: string, at: number}} DepartureView */
/** @typedef {{participant: string, unit: string, seconds: number}} TalkTime */
/** @typedef {{mid: string, kind: SlotKind, participant: string | null, source: Source | null, held?: boolean}} Slot held: the line cannot carry this picture now */
/** @typedef {{urls: readonly string[], username: string, credential: string}} IceServer */
/** @typedef {'all' | 'some' | 'none'} Pictures how much of what is shown the line carries */
/**
 * One line, as the server measures it. Loss is in permille; -1 is unknown.
 * @typedef {object} LineView
 * @property {'' | 'udp' | 'tcp'} path
 * @property {number} rtt_ms
 * @property {number} loss_up
 * @property {number} loss_down
 * @property {number} up_kbps
 * @property {number} down_kbps
 * @property {number} estimate_kbps what the way down is believed to carry
 * @property {number} queue_ms
 * @property {Quality} quality
 * @property {Pictures} pictures
 */
/** @typedef {{at: number, rtt_ms: number, loss_up: number, loss_down: number, up_kbps: number, down_kbps: number, quality: Quality}} LinePoint at: Unix milliseconds */

/**
 * @typedef {object} Welcome
 * @property {'welcome'} type
 * @property {string} session
 * @property {string} participant own id in the roster
 * @property {Role} role
 * @property {{code: string, title: string, centre: string}} meeting
 * @property {readonly Unit[]} units
 * @property {string | null} unit the account's own
 * @property {string} name
 * @property {SeatState} seat
 * @property {string} reason
 * @property {number} now Unix milliseconds
 * @property {number} opens when the lobby opens; 0: it is open
 * @property {number} starts when the meeting begins; 0: no time is set
 * @property {boolean} chair chair by account
 * @property {number} seat_grace_s
 * @property {readonly IceServer[]} ice_servers
 */
/** @typedef {{type: 'seat', seat: SeatState, reason: string, since: number}} SeatMessage */
/** @typedef {{type: 'lobby', version: number, knocks: readonly KnockView[], banned: readonly BannedView[]}} LobbyMessage */
/** @typedef {{type: 'roster', version: number, participants: readonly Participant[]}} RosterMessage */
/** @typedef {{type: 'answer', sdp: string, restart: boolean, to: number}} AnswerMessage */
/** @typedef {{type: 'slots', slots: readonly Slot[]}} SlotsMessage */
/** @typedef {{type: 'speakers', heard: readonly string[], stage: string | null}} SpeakersMessage */
/** @typedef {{type: 'send-plan', camera: readonly string[], screen: readonly string[], red: boolean}} SendPlan which encodings somebody receives, by rid */
/** @typedef {{type: 'line', line: LineView}} LineMessage */
/** @typedef {{type: 'lines', lines: readonly {participant: string, points: readonly LinePoint[]}[], whole: boolean}} LinesMessage */
/** @typedef {{type: 'check-over', why: string}} CheckOverMessage */
/** @typedef {{type: 'media-lost', why: string}} MediaLostMessage */
/** @typedef {{type: 'refusal', re: string, code: string, to: number}} RefusalMessage */
/** @typedef {{type: 'bye', code: string, reason: string}} ByeMessage */
/** @typedef {{type: 'pong', t: number}} PongMessage */
/** @typedef {{type: 'lobby-talk', knock: string, lines: readonly TalkLine[]}} LobbyTalkMessage */
/**
 * The rules, who has the floor and who waits for it, in rank order; the same for everyone.
 * @typedef {object} FloorMessage
 * @property {'floor'} type
 * @property {number} version
 * @property {FloorMode} mode
 * @property {readonly UnitKind[]} order
 * @property {number} turn_s 0: no limit
 * @property {boolean} hard_mute
 * @property {boolean} screen_by_permission
 * @property {boolean} locked
 * @property {boolean} go_round
 * @property {readonly string[]} chairs who presides now
 * @property {readonly TurnView[]} turns
 * @property {readonly WishView[]} queue
 * @property {string | null} next whom `invite-next` would invite
 * @property {readonly Progress[]} progress
 */
/** @typedef {{type: 'requests', version: number, requests: readonly RequestView[]}} RequestsMessage */
/** @typedef {{type: 'decision', permission: Permission, granted: boolean, reason: string, until: number}} DecisionMessage */
/** @typedef {{type: 'departures', version: number, departures: readonly DepartureView[]}} DeparturesMessage */
/** @typedef {{type: 'hint', speaking_muted: boolean}} HintMessage */
/** @typedef {{type: 'voices', noisy: readonly string[], times: readonly TalkTime[]}} VoicesMessage */
/**
 * The recorder's light, to everybody.
 * @typedef {object} RecordingMessage
 * @property {'recording'} type
 * @property {'off' | 'starting' | 'on' | 'paused' | 'failed'} state
 * @property {number} since_ms Unix milliseconds; 0: it has not begun
 * @property {readonly {name: string, second?: boolean}[]} keys whose keys lock it, or would
 * @property {number} minutes_left of the server's disk; -1: unknown
 * @property {string} trouble
 * @property {boolean} allowed
 */
/** @typedef {LobbyTalkMessage | FloorMessage | RequestsMessage | DecisionMessage | DeparturesMessage | HintMessage | VoicesMessage | RecordingMessage} OrderMessage */
/** @typedef {OrderMessage | Welcome | SeatMessage | LobbyMessage | RosterMessage | AnswerMessage | SlotsMessage | SpeakersMessage | SendPlan | LineMessage | LinesMessage | CheckOverMessage | MediaLostMessage | RefusalMessage | ByeMessage | PongMessage} ServerMessage */

/** @typedef {{type: 'hello', protocol: number, meeting: string, resume?: string | null, seen?: number | null}} Hello */
/** @typedef {{type: 'knock', unit: string | null, name: string, present?: number | null, total?: number | null}} Knock */
/** @typedef {{type: 'offer', sdp: string, restart?: boolean, id?: number}} Offer */
/** @typedef {{type: 'set-source', source: Source, on: boolean, id?: number}} SetSource */
/** @typedef {{type: 'check-line', sdp: string, id?: number} | {type: 'end-check'}} LineCheck */
/** @typedef {{type: 'show', tiles: readonly {participant: string, height: number}[], stage: number, screen: number}} Show heights in rows of device pixels */
/** @typedef {{type: 'admit', knock: string} | {type: 'admit-all'} | {type: 'refuse', knock: string, reason: string}} Admission */
/** @typedef {{type: 'ban' | 'send-back', participant: string, reason: string} | {type: 'lift', participant: string} | {type: 'lock', on: boolean} | {type: 'talk', text: string, knock?: string | null}} Lobbying */
/** @typedef {{type: 'hand-chair' | 'lend-chair', participant: string} | {type: 'take-chair'}} Chairing */
/** @typedef {{type: 'set-rules', mode?: FloorMode, hard_mute?: boolean, screen_by_permission?: boolean, turn_s?: number, order?: readonly UnitKind[]}} SetRules */
/** @typedef {{type: 'raise-hand', topic?: string} | {type: 'lower-hand'} | {type: 'register-speech', topic: string}} Wishing */
/** @typedef {{type: 'invite-next'} | {type: 'invite', participant: string, dialogue?: boolean} | {type: 'end-turn', participant?: string | null} | {type: 'extend-turn', participant: string, seconds: number} | {type: 'skip' | 'return', participant: string} | {type: 'go-round', on: boolean}} Flooring */
/** @typedef {{type: 'ask', permission: Permission, reason?: string} | {type: 'unask', permission: Permission} | {type: 'decide', participant: string, permission: Permission, granted: boolean, reason?: string, minutes?: number}} Permitting */
/** @typedef {{type: 'correct-departure', departure: string, kind: DepartureKind, reason: string}} Correction */
/** @typedef {{type: 'mute' | 'unmute', participant: string, source?: Source} | {type: 'mute-all'}} Muting */
/** @typedef {{type: 'kick', participant: string, reason: string} | {type: 'leave'} | {type: 'end-meeting'} | {type: 'withdraw'}} Parting */
/** @typedef {{type: 'start-recording' | 'stop-recording'} | {type: 'pause-recording', on: boolean} | {type: 'mark-recording', text?: string}} Recording */
/** @typedef {{type: 'ping', t: number}} Ping */
/** @typedef {Hello | Knock | Offer | SetSource | LineCheck | Show | Admission | Lobbying | Chairing | SetRules | Wishing | Flooring | Permitting | Correction | Muting | Parting | Recording | Ping} ClientMessage */

export const PROTOCOL = 2;
export const SOURCES = /** @type {const} */ (['microphone', 'camera', 'screen']);
export const TILE_SLOTS = 12;

/** Every code of a refusal or an ending; its words are under `why.` in i18n. */
export const WHY = /** @type {const} */ ([
  'bad-message', 'out-of-order', 'protocol-version', 'not-signed-in', 'unknown-meeting', 'meeting-ended', 'unit-missing',
  'name-missing', 'bad-headcount', 'not-admitted', 'not-allowed', 'unknown-knock', 'unknown-participant', 'reason-missing',
  'room-full', 'lobby-full', 'bad-offer', 'media-unavailable', 'storage-unavailable', 'muted-by-host', 'screen-taken',
  'too-fast', 'too-slow', 'refused', 'kicked', 'left', 'taken-over', 'ended', 'seat-expired', 'shutting-down',
  'checks-full', 'check-ended', 'lobby-closed', 'meeting-locked', 'needs-chair', 'banned', 'sent-back', 'no-floor',
  'needs-permission', 'not-asked', 'chair-present', 'queue-full', 'not-in-queue', 'floor-taken', 'unknown-departure',
  'recording-forbidden', 'no-recipient', 'recorder-unavailable', 'not-recording', 'already-recording',
]);

/** What arrived is no message of this protocol. */
export class BadMessage extends Error {}

/** @typedef {(value: unknown) => boolean} Check */

/** @type {Check} */
const text = (value) => typeof value === 'string';
/** @type {Check} */
const whole = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
/** @type {Check} */
const integer = (value) => Number.isSafeInteger(value);
/** @type {Check} */
const flag = (value) => typeof value === 'boolean';
/** @param {readonly string[]} words @returns {Check} */
const oneOf = (...words) => (value) => typeof value === 'string' && words.includes(value);
/** @param {Check} check @returns {Check} */
const orNull = (check) => (value) => value === null || check(value);
/** @param {Check} check @returns {Check} */
const listOf = (check) => (value) => Array.isArray(value) && value.every(check);
/**
 * An object with at least these fields. What a newer server adds is passed over.
 * @param {Record<string, Check>} fields
 * @returns {Check}
 */
const object = (fields) => (value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const record = /** @type {Record<string, unknown>} */ (value);
  return Object.entries(fields).every(([name, check]) => Object.hasOwn(record, name) && check(record[name]));
};

const why = oneOf(...WHY);
const role = oneOf('chair', 'operator', 'delegate', 'technician', 'sysadmin');
const seat = oneOf('outside', 'waiting', 'admitted', 'refused');
const source = oneOf(...SOURCES);
const sourceView = object({ gate: listOf(text), flowing: flag });
const unitKind = oneOf('board', 'office', 'department', 'station');
const unit = object({ id: text, name: text, short: text, kind: unitKind });
const person = { id: text, unit: text, name: text, role, present: orNull(whole), total: orNull(whole), since: whole };
const knock = object({ ...person, expected: flag, outsider: flag, online: flag });
const permission = oneOf('leave', 'screen', 'listen');
const departureKind = oneOf('permitted', 'unpermitted', 'lost', 'removed', 'sent-back');
const departure = object({ id: text, participant: text, unit: text, name: text, kind: departureKind, was: departureKind, reason: text, at: whole });
const quality = oneOf('unknown', 'good', 'fair', 'poor');
const participant = object({
  ...person,
  presence: oneOf('here', 'closed', 'lost'),
  away: whole,
  listens: whole,
  may_leave: flag,
  microphone: sourceView,
  camera: sourceView,
  screen: sourceView,
  quality,
});
const slot = object({
  mid: text,
  kind: oneOf('audio', 'stage', 'screen', 'tile'),
  participant: orNull(text),
  source: orNull(source),
});
/** @type {Check} `held` may be left out */
const heldOrNot = (value) => slot(value) && ['undefined', 'boolean'].includes(typeof (/** @type {{held?: unknown}} */ (value).held));
/** @type {Check} `second` may be left out */
const keyOrNot = (value) => object({ name: text })(value) && ['undefined', 'boolean'].includes(typeof (/** @type {{second?: unknown}} */ (value).second));
const figures = { rtt_ms: integer, loss_up: integer, loss_down: integer, up_kbps: integer, down_kbps: integer, quality };
const line = object({
  ...figures,
  path: oneOf('', 'udp', 'tcp'),
  estimate_kbps: integer,
  queue_ms: integer,
  pictures: oneOf('all', 'some', 'none'),
});
const linePoint = object({ ...figures, at: whole });

/** @type {Record<string, Check>} */
const SHAPES = {
  welcome: object({
    session: text,
    participant: text,
    role,
    meeting: object({ code: text, title: text, centre: text }),
    units: listOf(unit),
    unit: orNull(text),
    name: text,
    seat,
    reason: text,
    now: whole,
    opens: whole,
    starts: whole,
    chair: flag,
    seat_grace_s: whole,
    ice_servers: listOf(object({ urls: listOf(text), username: text, credential: text })),
  }),
  seat: object({ seat }),
  lobby: object({ version: whole, knocks: listOf(knock), banned: listOf(object({ participant: text, unit: text, name: text, reason: text })) }),
  'lobby-talk': object({ knock: text, lines: listOf(object({ name: text, staff: flag, text, at: whole })) }),
  floor: object({
    version: whole,
    mode: oneOf('open', 'moderated', 'ordered'),
    order: listOf(unitKind),
    turn_s: whole,
    hard_mute: flag,
    screen_by_permission: flag,
    locked: flag,
    go_round: flag,
    chairs: listOf(text),
    turns: listOf(object({ participant: text, since: whole, until: whole, dialogue: flag, silent: flag })),
    queue: listOf(object({ participant: text, topic: text, registered: flag, round: flag, skipped: flag, since: whole })),
    next: orNull(text),
    progress: listOf(object({ kind: unitKind, spoken: whole, points: whole })),
  }),
  requests: object({ version: whole, requests: listOf(object({ participant: text, permission, reason: text, since: whole })) }),
  decision: object({ permission, granted: flag, reason: text, until: whole }),
  departures: object({ version: whole, departures: listOf(departure) }),
  hint: object({ speaking_muted: flag }),
  voices: object({ noisy: listOf(text), times: listOf(object({ participant: text, unit: text, seconds: whole })) }),
  roster: object({ version: whole, participants: listOf(participant) }),
  answer: object({ sdp: text, to: whole }),
  slots: object({ slots: listOf(heldOrNot) }),
  speakers: object({ heard: listOf(text), stage: orNull(text) }),
  'send-plan': object({ camera: listOf(text), screen: listOf(text), red: flag }),
  line: object({ line }),
  lines: object({ lines: listOf(object({ participant: text, points: listOf(linePoint) })), whole: flag }),
  'check-over': object({ why }),
  'media-lost': object({ why }),
  refusal: object({ re: text, code: why, to: whole }),
  bye: object({ code: why }),
  pong: object({ t: whole }),
  recording: object({
    state: oneOf('off', 'starting', 'on', 'paused', 'failed'),
    since_ms: whole,
    keys: listOf(keyOrNot),
    minutes_left: integer,
    trouble: oneOf('', 'no-recipient', 'bad-recipient', 'disk-full', 'disk-failed', 'memory-swaps', 'no-media', 'slow', 'recorder-unavailable'),
    allowed: flag,
  }),
};

/** Fields that the server leaves out when they have these values. */
/** @type {Record<string, object>} */
const DEFAULTS = {
  welcome: { ice_servers: [] },
  seat: { reason: '', since: 0 },
  lobby: { banned: [] },
  decision: { reason: '', until: 0 },
  answer: { restart: false, to: 0 },
  refusal: { to: 0 },
  bye: { reason: '' },
};

/**
 * Read one server frame. Throws BadMessage, nothing else.
 * @param {unknown} frame
 * @returns {ServerMessage}
 */
export function readUntrusted(frame) {
  if (typeof frame !== 'string') throw new BadMessage('not text');
  /** @type {unknown} */
  let value;
  try {
    value = JSON.parse(frame);
  } catch {
    throw new BadMessage('not JSON');
  }
  if (!object({ type: text })(value)) throw new BadMessage('no type');
  const { type } = /** @type {{type: string}} */ (value);
  const shape = Object.hasOwn(SHAPES, type) ? SHAPES[type] : undefined;
  if (!shape) throw new BadMessage('unknown type');
  const message = { ...DEFAULTS[type], .../** @type {object} */ (value) };
  if (!shape(message)) throw new BadMessage(`not a ${type}`);
  return /** @type {ServerMessage} */ (message);
}

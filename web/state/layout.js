/** Who is shown where. Pure. */

/** @typedef {import('./store.js').State} State */
/** @typedef {import('../protocol/words.js').Source} Source */
/** @typedef {import('../protocol/words.js').SlotKind} SlotKind */

import { TILE_SLOTS } from '../protocol/words.js';
import { personOf } from './people.js';

/**
 * The tiles of the current page. The own tile is the first of the first page and comes from this client, not the server.
 * @param {State} state
 * @param {number} perPage places, own tile included
 * @returns {{page: number, pages: number, ids: string[], own: boolean}} page from 0; ids without the own one
 */
export function tiles(state, perPage) {
  const me = state.welcome?.participant;
  const others = state.roster.participants.filter((one) => one.id !== me).map((one) => one.id);
  const places = Math.max(1, perPage);
  const first = Math.min(places - 1, TILE_SLOTS);
  const further = Math.min(places, TILE_SLOTS);
  const pages = others.length <= first ? 1 : 1 + Math.ceil((others.length - first) / further);
  const page = Math.min(Math.max(0, state.tilePage), pages - 1);
  const from = page === 0 ? 0 : first + (page - 1) * further;
  return { page, pages, ids: others.slice(from, from + (page === 0 ? first : further)), own: page === 0 };
}

/**
 * The receiving line that carries this source of this participant now, or null.
 * @param {State} state
 * @param {string} participant
 * @param {Source} source
 * @param {SlotKind} [kind] only lines of this kind
 * @returns {string | null} its mid
 */
export function slotOf(state, participant, source, kind) {
  const slot = state.slots.find(
    (one) => one.participant === participant && one.source === source && (kind === undefined || one.kind === kind),
  );
  return slot?.mid ?? null;
}

/**
 * Whether a picture stands still because our own line cannot carry it now.
 * @param {State} state
 * @param {string | null} participant
 * @param {SlotKind} kind
 */
export function isHeld(state, participant, kind) {
  return participant !== null && state.slots.some((slot) => slot.kind === kind && slot.participant === participant && slot.held === true);
}

/** @typedef {{participant: string | null, source: Source, mid: string | null}} View */

/**
 * What the stage shows. A shared screen takes it, and the speaker is then shown small beside it (`aside`). `mid` is null
 * for what this client itself sends, and while no line carries the picture.
 * @param {State} state
 * @returns {View & {aside: View | null}}
 */
export function stageView(state) {
  const speaker = speakerView(state);
  const sharer = screenSharer(state);
  if (sharer === null) return { ...speaker, aside: null };
  const aside = speaker.participant === null ? null : speaker;
  return { participant: sharer, source: 'screen', mid: slotOf(state, sharer, 'screen'), aside };
}

/** @param {State} state @returns {View} */
function speakerView(state) {
  const line = state.slots.find((slot) => slot.kind === 'stage');
  // What the line carries, not who has the stage: nobody is sent their own picture.
  const participant = line?.participant ?? state.speakers.stage;
  if (participant === null) return { participant, source: 'camera', mid: null };
  const mid = slotOf(state, participant, 'camera', 'stage') ?? slotOf(state, participant, 'camera');
  return { participant, source: 'camera', mid };
}

/** @param {State} state @returns {string | null} */
function screenSharer(state) {
  const line = state.slots.find((slot) => slot.kind === 'screen' && slot.participant !== null);
  const open = state.roster.participants.find((one) => one.screen.gate.length === 0 && one.screen.flowing);
  return open?.id ?? (line ? sharing(state, line.participant) : null);
}

/** A participant who has stopped sharing leaves the stage, even if the line is still theirs. @param {State} state @param {string | null} id */
function sharing(state, id) {
  const one = personOf(state, id);
  return one !== undefined && one.screen.gate.length === 0 ? one.id : null;
}

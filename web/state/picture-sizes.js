/** How big pictures are on this screen, in the steps that the server is told. Pure. */

import { TILE_SLOTS } from '../protocol/words.js';
import { tiles } from './layout.js';

/** @typedef {import('./store.js').State} State */
/** @typedef {import('../protocol/client.js').Show} Show */
/** @typedef {'stage' | 'screen' | 'tile'} Kind */
/**
 * What is known of the elements on the page.
 * @typedef {object} Sizes
 * @property {number | null} stage rows of device pixels; null while no element has been shown to us
 * @property {number | null} screen
 * @property {ReadonlyMap<string, number | null> | null} tiles by participant; null for one that is not measured yet
 * @property {boolean} unseen the page has been hidden for a while
 */

const STEPS = [90, 180, 270, 360, 540, 720, 1080, 1440, 2160, 4320];
/** A size up to this factor above a step still counts as that step: a few rows are no reason for a bigger picture. */
const ABOVE = 1.1;
/** Used until the elements are known. */
const STAGE_ROWS = 720;
const SCREEN_ROWS = 1080;
const TILE_ROWS = 180;

/**
 * Rows of device pixels of a 16:9 picture that is fitted into a box.
 * @param {number} width of the box, CSS pixels
 * @param {number} height
 * @param {number} ratio device pixels for each CSS pixel
 */
export function rowsOf(width, height, ratio) {
  return Math.round(Math.max(0, Math.min(height, (width * 9) / 16)) * ratio);
}

/** The step for a number of rows; 0 only for 0 rows. @param {number} rows */
export function stepOf(rows) {
  if (rows <= 0) return 0;
  return STEPS.find((step) => rows <= step * ABOVE) ?? 4320;
}

/**
 * What to tell the server: visible tiles first, and never more tiles than there are receiving lines for them.
 * @param {State} state
 * @param {Sizes} sizes
 * @returns {Show}
 */
export function showOf(state, sizes) {
  if (state.reception !== 'all') return { type: 'show', tiles: [], stage: 0, screen: 0 };
  const rows = (/** @type {number | null} */ measured, /** @type {number} */ otherwise) => (sizes.unseen ? 0 : stepOf(measured ?? otherwise));
  return {
    type: 'show',
    tiles: tileWishes(state, sizes.tiles).map(({ participant, height }) => ({ participant, height: rows(height, TILE_ROWS) })),
    stage: rows(sizes.stage, STAGE_ROWS),
    screen: rows(sizes.screen, SCREEN_ROWS),
  };
}

/**
 * Tiles in the order of the page. Before any element is known: those that the state puts on the page.
 * @param {State} state
 * @param {ReadonlyMap<string, number | null> | null} measured
 * @returns {{participant: string, height: number | null}[]}
 */
function tileWishes(state, measured) {
  const page = tiles(state, state.tilesPerPage).ids;
  const ids = measured === null ? page : [...page.filter((id) => measured.has(id)), ...[...measured.keys()].filter((id) => !page.includes(id))];
  const wishes = ids
    .filter((id) => id !== state.welcome?.participant)
    .map((participant) => ({ participant, height: measured?.get(participant) ?? null }));
  if (wishes.length <= TILE_SLOTS) return wishes;
  return [...wishes.filter((one) => one.height !== 0), ...wishes.filter((one) => one.height === 0)].slice(0, TILE_SLOTS);
}

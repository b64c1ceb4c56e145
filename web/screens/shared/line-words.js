/** A measured line in words and marks, the same on every screen. */

import { el, fill, setText } from '../../kit/dom.js';
import { LOCALE } from '../../kit/format.js';

/** @typedef {import('../../app/app.js').App} App */
/** @typedef {import('../../protocol/words.js').Quality} Quality */
/** @typedef {import('../../state/store.js').Language} Language */
/** @typedef {readonly [label: string, value: string]} Figure */

const NOTHING = '–';
/** How many of the four bars are filled: the shape is clear without the colour. */
const BARS = { unknown: 0, poor: 1, fair: 2, good: 4 };
const TONE = { unknown: '', poor: 'q-bad', fair: 'q-fair', good: 'q-good' };

/**
 * "1,2 Mb/s", below a megabit "320 kb/s".
 * @param {number} kbps -1: unknown
 * @param {Language} language
 */
export function rate(kbps, language) {
  if (kbps < 0) return NOTHING;
  return kbps >= 1000 ? `${decimal(kbps / 1000, language)} Mb/s` : `${Math.round(kbps)} kb/s`;
}

/**
 * "1,8 %"
 * @param {number} permille -1: unknown
 * @param {Language} language
 */
export function percent(permille, language) {
  return permille < 0 ? NOTHING : `${decimal(permille / 10, language)} %`;
}

/** "64 ms" @param {number} ms -1: unknown */
export function milliseconds(ms) {
  return ms < 0 ? NOTHING : `${Math.round(ms)} ms`;
}

/** The worse direction. @param {{loss_up: number, loss_down: number}} line */
export function worstLoss(line) {
  return Math.max(line.loss_up, line.loss_down);
}

/** "UDP" @param {string} path '': unknown */
export function pathName(path) {
  return path === '' ? NOTHING : path.toUpperCase();
}

/** Four bars, hidden from screen readers: a word stands beside them. */
export function qualityMark() {
  return el('span', { class: 'bars', 'aria-hidden': 'true' }, el('i'), el('i'), el('i'), el('i'));
}

/** @param {HTMLElement} mark made by `qualityMark` @param {Quality} quality */
export function setQuality(mark, quality) {
  mark.dataset.v = String(BARS[quality]);
}

/** The class that colours a word by quality. @param {Quality} quality */
export function toneOf(quality) {
  return TONE[quality];
}

/**
 * Show figures with their names. Only those that differ are touched.
 * @param {HTMLElement} place a `dl`
 * @param {readonly Figure[]} figures
 */
export function setFigures(place, figures) {
  if (place.children.length !== figures.length) {
    fill(place, figures.map(() => el('div', null, el('dt'), el('dd', { class: 'num nw' }))));
  }
  figures.forEach(([label, value], at) => {
    const [name, figure] = /** @type {HTMLElement[]} */ ([...(place.children[at]?.children ?? [])]);
    if (name) setText(name, label);
    if (figure) setText(figure, value);
  });
}

/** @param {number} value @param {Language} language */
function decimal(value, language) {
  return new Intl.NumberFormat(LOCALE[language], { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
}

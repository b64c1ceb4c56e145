/**
 * The last minutes of one line as a small plot: delay as a line, loss as bars, and a ribbon underneath that shows the
 * quality by colour and by shape: thin when good, broken when fair, thick when poor.
 */

/** @typedef {import('../../protocol/views.js').LinePoint} LinePoint */

const SVG = 'http://www.w3.org/2000/svg';
export const SPAN_MS = 180_000;
/** Two reports are missing: the plot has a gap there. */
const GAP_MS = 7000;
const WIDTH = 120;
const HEIGHT = 30;
const GROUND = 22;
const RIBBON = 26;
/** The plot shows the square root, because usual delays are far lower. */
const MAX_DELAY_MS = 800;
const MAX_LOSS_PERMILLE = 200;
/** Every line loses this much; less is not shown. */
const MIN_LOSS_PERMILLE = 10;
const THICK = { unknown: 1, good: 2, fair: 4, poor: 7 };

/** @returns {SVGSVGElement} */
export function plot() {
  const drawing = make('svg', { class: 'plot', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  return /** @type {SVGSVGElement} */ (drawing);
}

/**
 * @param {SVGSVGElement} drawing made by `plot`
 * @param {readonly LinePoint[]} points the oldest first
 * @param {number} now Unix ms of the right edge
 */
export function draw(drawing, points, now) {
  const from = now - SPAN_MS;
  const seen = points.filter((point) => point.at >= from);
  const x = (/** @type {number} */ at) => round(((at - from) / SPAN_MS) * WIDTH);
  drawing.replaceChildren(
    make('path', { class: 'plot-ground', d: `M0 ${GROUND}H${WIDTH}` }),
    make('path', { class: 'plot-loss', d: lossPath(seen, x) }),
    make('path', { class: 'plot-delay', d: delayPath(seen, x) }),
    ...runs(seen).map(({ quality, start, end }) =>
      make('path', { class: `plot-run is-${quality}`, 'stroke-width': THICK[quality], d: `M${x(start)} ${RIBBON}H${round(Math.max(x(end), x(start) + 1.3))}` })),
  );
}

/** @param {readonly LinePoint[]} points @param {(at: number) => number} x */
function lossPath(points, x) {
  return points
    .map((point) => ({ at: point.at, loss: Math.max(point.loss_up, point.loss_down) }))
    .filter(({ loss }) => loss >= MIN_LOSS_PERMILLE)
    .map(({ at, loss }) => `M${x(at)} ${GROUND}V${height(loss / MAX_LOSS_PERMILLE)}`)
    .join('');
}

/** @param {readonly LinePoint[]} points @param {(at: number) => number} x */
function delayPath(points, x) {
  let last = -Infinity;
  return points
    .filter((point) => point.rtt_ms >= 0)
    .map((point) => {
      const step = point.at - last > GAP_MS ? 'M' : 'L';
      last = point.at;
      return `${step}${x(point.at)} ${height(Math.sqrt(point.rtt_ms / MAX_DELAY_MS))}`;
    })
    .join('');
}

/**
 * Stretches of the same quality, split at gaps.
 * @param {readonly LinePoint[]} points
 */
function runs(points) {
  /** @type {{quality: LinePoint['quality'], start: number, end: number}[]} */
  const found = [];
  for (const { at, quality } of points) {
    const last = found.at(-1);
    if (last && at - last.end > GAP_MS) found.push({ quality, start: at, end: at });
    else if (last && last.quality === quality) last.end = at;
    else {
      if (last) last.end = at;
      found.push({ quality, start: at, end: at });
    }
  }
  return found;
}

/** @param {number} share of the whole height */
function height(share) {
  return round(GROUND - Math.min(1, share) * (GROUND - 2));
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}

/** @param {string} tag @param {Record<string, string | number>} attributes */
function make(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

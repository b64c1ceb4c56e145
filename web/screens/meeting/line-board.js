import { el, icon, list, setIcon, setText } from '../../kit/dom.js';
import { WORDS } from '../../protocol/words.js';
import { unitOf } from '../../state/people.js';
import { AppElement, changed } from '../shared/element.js';
import { milliseconds, percent, qualityMark, rate, setQuality, toneOf, worstLoss } from '../shared/line-words.js';
import { draw, plot } from './line-plot.js';
import { awayFor, presenceSaid } from './presence-words.js';

/** @typedef {import('../../protocol/views.js').ParticipantView} ParticipantView */
/** @typedef {import('../../protocol/views.js').LinePoint} LinePoint */
/** @typedef {import('../../protocol/words.js').Quality} Quality */
/** @typedef {{who: ParticipantView, points: readonly LinePoint[], newest: LinePoint | null, quality: Quality}} Row */

/** The worst first. Lines without a measurement come before the good ones. */
const ORDER = { poor: 0, fair: 1, unknown: 2, good: 3 };

/**
 * The quality of somebody's line now, as far as it is known.
 * @param {import('../../state/store.js').State} state
 * @param {ParticipantView} who
 * @returns {Quality}
 */
export function lineOf({ board }, who) {
  return who.presence === 'here' ? board[who.id]?.points.at(-1)?.quality ?? who.quality : 'unknown';
}

/** Everyone's line, for chair and operator: the weak ones first, each with a plot of its last three minutes. */
export class LineBoard extends AppElement {
  #sum = el('p', { class: 'note', role: 'status' });
  #list = el('ul', { class: 'panel-list lines scroll', tabindex: 0 });

  /** @override */
  build() {
    const { t } = this.app;
    this.dataset.testid = 'line-board';
    this.#list.setAttribute('aria-label', t('board.title'));
    this.replaceChildren(
      el('div', { class: 'board-head' }, this.#sum,
        el('p', { class: 'note soft legend-row', 'aria-hidden': 'true' },
          el('span', { class: 'key is-delay' }, t('board.key-delay')), el('span', { class: 'key is-loss' }, t('board.key-loss')),
          el('span', null, t('board.span')))),
      this.#list);
  }

  /** @override @type {AppElement['render']} */
  render(state, before) {
    if (changed(state, before, 'board', 'roster')) this.show();
  }

  /** Show the current state. Plots are not drawn while the board is hidden. */
  show() {
    const rows = this.#rows();
    const count = (/** @type {Quality} */ quality) => rows.filter((row) => row.quality === quality).length;
    setText(this.#sum, this.app.t('board.sum', { poor: count('poor'), fair: count('fair'), good: count('good') }));
    list(this.#list, rows, (row) => row.who.id, (row) => this.#make(row), (element, row) => this.#update(element, row));
  }

  /** @returns {Row[]} */
  #rows() {
    const { roster, board } = this.app.state;
    return roster.participants
      .map((who) => {
        const points = board[who.id]?.points ?? [];
        return { who, points, newest: points.at(-1) ?? null, quality: lineOf(this.app.state, who) };
      })
      .sort((one, other) => ORDER[one.quality] - ORDER[other.quality]);
  }

  /** @param {Row} row */
  #make({ who }) {
    return el('li', { class: 'line-row', 'data-testid': 'line-row', 'data-participant': who.id },
      el('div', { class: 'row between' }, el('b', { class: 'unit grow' }),
        el('span', { class: 'devices', role: 'img' }, WORDS.Source.map((source) => icon(source === 'microphone' ? 'mic' : source, source))),
        el('span', { class: 'row outcome' }, qualityMark(), el('span', { class: 'word nw' }))),
      plot(), el('span', { class: 'now num' }, el('span', { class: 'nw' }), el('span', { class: 'nw' })),
      el('span', { class: 'sr' }));
  }

  /** @param {HTMLElement} element @param {Row} row */
  #update(element, { who, points, newest, quality }) {
    const { state, t } = this.app;
    const find = (/** @type {string} */ css) => /** @type {HTMLElement} */ (element.querySelector(css));
    const { language } = state;
    const own = who.id === state.welcome?.participant;
    const label = unitOf(state, who)?.name || who.name;
    element.dataset.quality = quality;
    setText(find('.unit'), own ? t('meeting.you', { name: label }) : label);
    const mark = find('.bars');
    setQuality(mark, quality);
    find('.outcome').className = `row outcome ${toneOf(quality)}`;
    const here = who.presence === 'here';
    setText(find('.word'), here ? t(`line.quality-${quality}`) : presenceSaid(this.app, who));
    this.#devices(find('.devices'), who);
    const [trip, flow] = /** @type {HTMLElement[]} */ ([...find('.now').children]);
    const shown = here ? newest : null;
    if (trip) setText(trip, shown ? this.#trip(shown) : here ? '' : awayFor(this.app, who));
    if (flow) setText(flow, shown ? t('board.flow', { up: rate(shown.up_kbps, language), down: rate(shown.down_kbps, language) }) : '');
    setText(find('.sr'), points.length ? t('board.minutes', shares(points)) : t('board.nothing'));
    if (!this.hidden) draw(/** @type {SVGSVGElement} */ (element.querySelector('.plot')), points, Date.now() + state.clockMs);
  }

  /**
   * Which of the participant's sources are open, and whether anything arrives.
   * @param {HTMLElement} place
   * @param {ParticipantView} who
   */
  #devices(place, who) {
    const words = WORDS.Source.map((source) => {
      const { gate, flowing } = who[source];
      const word = gate.length > 0 ? 'shut' : flowing ? 'open' : 'nothing';
      const sign = /** @type {SVGSVGElement} */ (place.querySelector(`.${source}`));
      if (source !== 'screen') setIcon(sign, `${source === 'microphone' ? 'mic' : 'camera'}${word === 'shut' ? '-off' : ''}`);
      sign.classList.toggle('is-on', word === 'open');
      sign.classList.toggle('is-nothing', word === 'nothing');
      sign.classList.toggle('is-shut', word === 'shut');
      return this.app.t('board.device', { device: this.app.t(`board.${source}`), state: this.app.t(`board.device-${word}`) });
    });
    place.title = words.join(', ');
    place.setAttribute('aria-label', place.title);
  }

  /** Delay and loss, or only loss if the delay is unknown. @param {LinePoint} point */
  #trip(point) {
    const { t, state: { language } } = this.app;
    const loss = percent(worstLoss(point), language);
    return point.rtt_ms < 0 ? t('board.loss', { loss }) : t('board.trip', { ms: milliseconds(point.rtt_ms), loss });
  }
}

/** How much of the time the line had each quality, in per cent. @param {readonly LinePoint[]} points */
function shares(points) {
  const share = (/** @type {Quality} */ quality) => Math.round((100 * points.filter((point) => point.quality === quality).length) / points.length);
  return { good: share('good'), fair: share('fair'), poor: share('poor') };
}

customElements.define('gb-line-board', LineBoard);

import { el, icon, setText } from '../../kit/dom.js';
import { RECEPTIONS } from '../../state/store.js';
import { sheet } from '../shared/dialog.js';
import { AppElement, changed } from '../shared/element.js';
import { milliseconds, pathName, percent, qualityMark, rate, setFigures, setQuality, toneOf } from '../shared/line-words.js';

/** @typedef {import('../../app/app.js').App} App */

/**
 * The own line as a button of the bar: a mark and a word. A press shows the figures and what to receive.
 * @param {App} app
 * @param {AbortSignal} signal
 * @returns {HTMLElement}
 */
export function ownLine(app, signal) {
  const mark = qualityMark();
  const word = el('b');
  const button = el('button', {
    class: 'state state-tall own-line', type: 'button', 'aria-haspopup': 'dialog', 'data-testid': 'own-line', onclick: () => openOwnLine(app),
  }, mark, word);
  const show = () => {
    const quality = app.state.line?.quality ?? 'unknown';
    const said = app.t(`line.quality-${quality}`);
    button.dataset.quality = quality;
    mark.className = `bars ${toneOf(quality)}`;
    setQuality(mark, quality);
    setText(word, app.t('line.own-short', { quality: said }));
    const name = app.t('line.own-open', { quality: said });
    if (button.getAttribute('aria-label') !== name) button.setAttribute('aria-label', name);
    button.title = name;
  };
  app.subscribe((state, before) => {
    if (state.line !== before.line) show();
  }, signal);
  show();
  return button;
}

/** The figures of the own line in plain words, and the choice of what to receive. @param {App} app */
export function openOwnLine(app) {
  const mark = qualityMark();
  const word = el('b', { class: 'title verdict' });
  const meaning = el('p');
  const figures = el('dl', { class: 'figures is-table' });
  const choice = receptionChoice(app);
  const dialog = sheet(app, app.t('line.own'),
    el('div', { class: 'stack', role: 'status' }, el('p', { class: 'row outcome' }, mark, word), meaning), figures, choice.group);
  dialog.classList.add('line-sheet');
  dialog.dataset.testid = 'own-line-panel';
  const abort = new AbortController();
  dialog.addEventListener('close', () => abort.abort(), { once: true });
  const show = () => {
    const quality = app.state.line?.quality ?? 'unknown';
    setQuality(mark, quality);
    mark.className = `bars ${toneOf(quality)}`;
    word.className = `title verdict ${toneOf(quality)}`;
    setText(word, app.t(`line.quality-${quality}`));
    setText(meaning, app.t(`line.means-${meaningOf(app.state)}`));
    setFigures(figures, figuresOf(app));
    choice.show();
  };
  app.subscribe(show, abort.signal);
  show();
}

/** What this line means for the person. @param {import('../../state/store.js').State} state */
function meaningOf({ line, reception }) {
  if (!line || line.quality === 'unknown') return 'unknown';
  if (reception === 'all' && line.pictures === 'none') return 'no-pictures';
  if (reception === 'all' && line.pictures === 'some') return 'some-pictures';
  return line.quality;
}

/** @param {App} app @returns {import('../shared/line-words.js').Figure[]} */
function figuresOf({ t, state: { line, language } }) {
  return [
    [t('line.up-now'), rate(line?.up_kbps ?? -1, language)],
    [t('line.down-now'), rate(line?.down_kbps ?? -1, language)],
    [t('line.loss-up'), percent(line?.loss_up ?? -1, language)],
    [t('line.loss-down'), percent(line?.loss_down ?? -1, language)],
    [t('line.delay-long'), milliseconds(line?.rtt_ms ?? -1)],
    [t('line.carries'), rate(line?.estimate_kbps ?? -1, language)],
    [t('line.path'), line?.path ? t(`line.path-${line.path}`) : pathName('')],
  ];
}

/** @param {App} app */
function receptionChoice(app) {
  const choices = RECEPTIONS.map((mode) => {
    const input = el('input', { type: 'radio', name: 'reception', value: mode, 'data-testid': `reception-${mode}`, onchange: () => app.setReception(mode) });
    const label = el('label', { class: 'choice' }, input,
      el('span', null, el('b', null, app.t(`reception.${mode}`)), el('small', null, app.t(`reception.${mode}-means`))));
    return { mode, input, label };
  });
  const group = el('fieldset', { class: 'choices' }, el('legend', { class: 'legend' }, app.t('reception.title')), choices.map(({ label }) => label));
  return { group, show: () => choices.forEach(({ mode, input }) => (input.checked = app.state.reception === mode)) };
}

/** Says that less than everything is received, with the way back. */
export class Reception extends AppElement {
  #words = el('span', { role: 'status' });
  #back = el('button', { class: 'btn btn-quiet', type: 'button', 'data-testid': 'reception-back' });

  /** @override */
  build() {
    const { app } = this;
    this.className = 'reception on-paper';
    this.dataset.testid = 'reception-chip';
    this.replaceChildren(icon('headphones'), this.#words, this.#back);
    this.#back.addEventListener('click', () => app.setReception('all'), { signal: this.signal });
  }

  /** @override @type {AppElement['render']} */
  render(state, before) {
    if (changed(state, before, 'reception')) this.#show();
  }

  #show() {
    const { state: { reception }, t } = this.app;
    this.hidden = reception === 'all';
    setText(this.#words, this.hidden ? '' : t(`reception.${reception}`));
    setText(this.#back, t('reception.back'));
  }
}

customElements.define('gb-reception', Reception);

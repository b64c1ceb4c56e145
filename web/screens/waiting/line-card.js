import { el, setText } from '../../kit/dom.js';
import { every } from '../../kit/time.js';
import { milliseconds, pathName, percent, qualityMark, rate, setFigures, setQuality, worstLoss } from '../shared/line-words.js';

/** @typedef {import('../../state/verdict.js').Check} Check */

const TICK_MS = 250;
/** A check usually takes this long. If it takes longer, the bar stops just before its end. */
const USUAL_MS = 10_000;
const ALMOST = 0.95;

/**
 * The line check before the meeting: one word, what to do about it, and the figures. While the server cannot be reached,
 * it says so instead.
 * @param {import('../../app/app.js').App} app
 * @param {AbortSignal} signal
 * @returns {HTMLElement}
 */
export function lineCard(app, signal) {
  const sign = qualityMark();
  const word = el('b', { class: 'title verdict' });
  const advice = el('p', { class: 'advice' });
  const again = el('button', { class: 'btn', type: 'button', 'data-testid': 'green-line-again', onclick: () => app.checkLine() },
    app.t('green.line-again'));
  const progress = el('progress', { max: 1, value: 0, 'aria-label': app.t('green.line-running') });
  const figures = el('dl', { class: 'figures' });
  const card = el('div', { class: 'card line-check', 'data-testid': 'green-line' },
    el('div', { class: 'row between' }, el('span', { class: 'row outcome', role: 'status' }, sign, word), again),
    el('div', { class: 'stack' }, advice, progress), figures);
  let began = 0;
  const tick = () => {
    const running = app.state.check.state === 'running';
    if (running && !began) began = performance.now();
    if (!running) began = 0;
    progress.value = running ? Math.min(ALMOST, (performance.now() - began) / USUAL_MS) : 0;
  };
  const show = () => {
    const { check, online } = app.state;
    const here = online === 'online';
    const running = here && (check.state === 'running' || check.state === 'idle');
    const tone = !here || check.verdict === 'poor' ? 'poor' : check.verdict ?? 'unknown';
    card.dataset.state = check.state;
    card.dataset.verdict = check.verdict ?? '';
    card.dataset.online = online;
    card.classList.toggle('card-warn', tone === 'fair' || (here && check.state === 'failed' && tone === 'unknown'));
    card.classList.toggle('card-alarm', tone === 'poor');
    card.classList.toggle('card-accent', tone === 'good');
    setQuality(sign, tone);
    setText(word, here ? headline(app, check) : app.t(`green.line-${online}`));
    setText(advice, here ? whatToDo(app, check) : app.t('green.line-do'));
    advice.hidden = running;
    progress.hidden = !running;
    again.setAttribute('aria-disabled', String(running || !here));
    setFigures(figures, figuresOf(app, check));
    tick();
  };
  every(TICK_MS, tick, signal);
  app.subscribe(show, signal);
  show();
  return card;
}

/** @param {import('../../app/app.js').App} app @param {Check} check */
function headline(app, check) {
  if (check.verdict) return app.t(`line.quality-${check.verdict}`);
  return app.t(check.state === 'failed' ? 'green.line-failed' : 'green.line-running');
}

/** @param {import('../../app/app.js').App} app @param {Check} check */
function whatToDo(app, check) {
  if (check.code === 'no-path') return app.t('green.line-no-path');
  if (check.code) return app.t(`why.${check.code}`);
  return check.verdict ? app.t(`green.line-${check.verdict}${check.verdict === 'poor' ? `-${cause(check)}` : ''}`) : '';
}

/** The main reason for a poor line. @param {Check} check @returns {'loss' | 'delay' | 'narrow'} */
function cause({ line, up_kbps, down_kbps }) {
  if (line && worstLoss(line) > 100) return 'loss';
  const narrow = (up_kbps >= 0 && up_kbps < 120) || (down_kbps >= 0 && down_kbps < 200);
  return line && line.rtt_ms > 700 && !narrow ? 'delay' : 'narrow';
}

/**
 * If the media give no delay, it shows that of the WebSocket.
 * @param {import('../../app/app.js').App} app
 * @param {Check} check
 * @returns {import('../shared/line-words.js').Figure[]}
 */
function figuresOf({ t, state: { language, delayMs } }, { line, up_kbps, down_kbps }) {
  const rtt = line && line.rtt_ms >= 0 ? line.rtt_ms : delayMs ?? -1;
  return [
    [t('line.up'), rate(up_kbps, language)],
    [t('line.down'), rate(down_kbps, language)],
    [t('line.delay'), milliseconds(rtt)],
    [t('line.loss'), percent(line ? worstLoss(line) : -1, language)],
    [t('line.path'), pathName(line?.path ?? '')],
  ];
}

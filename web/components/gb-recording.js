import { el, icon, setIcon, setText } from '../js/dom.js';
import { clock, duration } from '../js/format.js';
import { isHost, ownRole } from '../js/people.js';
import { isInterrupted, isLow, isRecorded, keyNames, needsTwo, objection } from '../js/recording.js';
import { ask, sheet } from './gb-dialog.js';

/** @typedef {import('../js/app.js').App} App */

const SECOND_MS = 1000;

/** In everybody's head, on every screen of a meeting: that it is recorded, since when; a press says whose key locks it. */
export class RecordingLight extends HTMLElement {
  /** @type {App} */
  app = /** @type {never} */ (undefined);

  #abort = new AbortController();
  #timer = 0;
  #sign = icon('record');
  #word = el('span');
  #time = el('span', { class: 'num' });
  #said = el('span', { class: 'sr', role: 'status' });
  #low = el('span', { class: 'badge badge-warn wide', 'data-testid': 'recording-low' });
  #light = el('button', { class: 'badge light', type: 'button', 'data-testid': 'recording-light' }, this.#sign, this.#word, this.#time);

  connectedCallback() {
    this.#abort = new AbortController();
    this.replaceChildren(this.#light, this.#low, this.#said);
    this.#light.addEventListener('click', () => openRecording(this.app), { signal: this.#abort.signal });
    this.app.subscribe((state, before) => {
      if (state.recording !== before.recording || state.language !== before.language) this.#render();
    }, this.#abort.signal);
    this.#timer = setInterval(() => this.#tick(), SECOND_MS);
    this.#render();
  }

  disconnectedCallback() {
    this.#abort.abort();
    clearInterval(this.#timer);
  }

  #render() {
    const { state, t } = this.app;
    const { recording } = state;
    this.hidden = !isRecorded(state);
    this.#light.dataset.state = recording.state;
    const ill = recording.state === 'failed' || recording.trouble !== '';
    this.#light.classList.toggle('badge-alarm', !ill && (recording.state === 'on' || recording.state === 'starting'));
    this.#light.classList.toggle('badge-warn', ill);
    setIcon(this.#sign, ill ? 'alert' : recording.state === 'paused' ? 'pause' : 'record');
    const word = t(`recording.light-${recording.state}`);
    setText(this.#word, word);
    this.#light.title = t(needsTwo(state) ? 'recording.keys-two' : 'recording.keys', { names: keyNames(state) });
    this.#low.hidden = !isLow(state) || !isHost(ownRole(state));
    setText(this.#low, this.#low.hidden ? '' : t('recording.low', { count: recording.minutes_left }));
    setText(this.#said, this.hidden ? '' : word);
    this.#tick();
  }

  /** Only the clock: nobody is told every second. */
  #tick() {
    const { recording, clockMs } = this.app.state;
    this.#time.hidden = recording.state !== 'on' || !recording.since_ms;
    if (!this.#time.hidden) setText(this.#time, duration(Date.now() + clockMs - recording.since_ms));
  }
}

/**
 * Since when, and who can open it.
 * @param {App} app
 */
export function openRecording(app) {
  const { state, t } = app;
  const { recording } = state;
  sheet(app, t('recording.title'),
    el('p', null, el('b', null, t(`recording.light-${recording.state}`)),
      recording.since_ms > 0 && ` · ${t('recording.since', { time: clock(recording.since_ms, state.language) })}`),
    recording.trouble !== '' && el('p', { 'data-testid': 'recording-trouble' }, t(`recording.trouble-${recording.trouble}`)),
    isLow(state) && isHost(ownRole(state)) && el('p', null, t('recording.told-low', { count: recording.minutes_left })),
    locks(app), el('p', { class: 'note soft' }, t('recording.sealed')));
}

/** @param {App} app */
function locks({ state, t }) {
  return el('p', { 'data-testid': 'recording-keys' }, t(needsTwo(state) ? 'recording.keys-two' : 'recording.keys', { names: keyNames(state) }));
}

/**
 * What chair and operator may do about it, for their menu.
 * @param {App} app
 * @param {(testid: string, name: string, words: string, does: () => void) => HTMLElement} act makes a button
 * @returns {HTMLElement[]}
 */
export function recordingActs(app, act) {
  const { state, t } = app;
  const now = state.recording.state;
  const goes = now === 'on' || now === 'paused' || now === 'starting';
  const marks = now === 'on' && isHost(ownRole(state)) ? [act('record-mark', 'edit', t('recording.mark'), () => void mark(app))] : [];
  if (ownRole(state) !== 'chair') return marks;
  if (!goes) {
    // The recorder is awaited: nothing new can begin, but what is interrupted can be ended.
    if (isInterrupted(state)) return [act('record-stop', 'stop', t('recording.stop'), () => void stop(app))];
    const dismiss = now === 'failed' ? [act('record-dismiss', 'close', t('recording.dismiss'), () => app.send({ type: 'stop-recording' }))] : [];
    return [act('record-start', 'record', t('recording.start'), () => void start(app)), ...dismiss];
  }
  const paused = now === 'paused';
  return [
    act(paused ? 'record-resume' : 'record-pause', paused ? 'record' : 'pause', t(paused ? 'recording.resume' : 'recording.pause'),
      () => app.send({ type: 'pause-recording', on: !paused })),
    ...marks,
    act('record-stop', 'stop', t('recording.stop'), () => void stop(app)),
  ];
}

/** Nobody presses this by mistake: it says who can open it, and that everybody will know. @param {App} app */
async function start(app) {
  const { t } = app;
  const why = objection(app.state);
  if (why) {
    sheet(app, t('recording.start'), el('p', { 'data-testid': 'record-objection' }, t(`why.${why}`)));
    return;
  }
  const answer = await ask(app, { title: t('recording.start-title'), text: t('recording.start-text'), confirm: t('recording.start'), extra: locks(app) });
  if (answer !== null) app.send({ type: 'start-recording' });
}

/** @param {App} app */
async function stop(app) {
  const { t } = app;
  const answer = await ask(app, { title: t('recording.stop-title'), text: t('recording.stop-text'), confirm: t('recording.stop'), danger: true });
  if (answer !== null) app.send({ type: 'stop-recording' });
}

/** @param {App} app */
async function mark(app) {
  const { t } = app;
  const words = el('input', { class: 'input', maxlength: 120, 'data-testid': 'record-mark-text' });
  const answer = await ask(app, { title: t('recording.mark'), text: t('recording.mark-text'), confirm: t('recording.mark'),
    extra: el('label', { class: 'field' }, el('span', null, t('recording.mark-words')), words) });
  if (answer !== null) app.send({ type: 'mark-recording', text: words.value.trim() });
}

customElements.define('gb-recording', RecordingLight);

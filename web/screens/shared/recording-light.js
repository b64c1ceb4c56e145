import { el, icon, setIcon, setText } from '../../kit/dom.js';
import { clock, duration } from '../../kit/format.js';
import { isHost, ownRole } from '../../state/people.js';
import { isLow, isRecorded, keyNames, needsTwo } from '../../state/recording.js';
import { sheet } from './dialog.js';
import { AppElement, changed } from './element.js';

/** @typedef {import('../../app/app.js').App} App */

const SECOND_MS = 1000;

/** In everybody's header: that the meeting is recorded, and since when. A press shows whose key locks the recording. */
export class RecordingLight extends AppElement {
  #sign = icon('record');
  #word = el('span');
  #time = el('span', { class: 'num' });
  #said = el('span', { class: 'sr', role: 'status' });
  #low = el('span', { class: 'badge badge-warn wide', 'data-testid': 'recording-low' });
  #light = el('button', { class: 'badge light', type: 'button', 'data-testid': 'recording-light' }, this.#sign, this.#word, this.#time);

  /** @override */
  build() {
    this.replaceChildren(this.#light, this.#low, this.#said);
    this.#light.addEventListener('click', () => openRecording(this.app), { signal: this.signal });
    this.every(SECOND_MS, () => this.#tick());
  }

  /** @override @type {AppElement['render']} */
  render(state, before) {
    if (changed(state, before, 'recording', 'language')) this.#show();
  }

  #show() {
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

  /** Update only the clock, so that screen readers are not told every second. */
  #tick() {
    const { recording, clockMs } = this.app.state;
    this.#time.hidden = recording.state !== 'on' || !recording.since_ms;
    if (!this.#time.hidden) setText(this.#time, duration(Date.now() + clockMs - recording.since_ms));
  }
}

/**
 * A sheet: since when it is recorded, and who can open it.
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

/** Who can open it, in words. @param {App} app */
export function locks({ state, t }) {
  return el('p', { 'data-testid': 'recording-keys' }, t(needsTwo(state) ? 'recording.keys-two' : 'recording.keys', { names: keyNames(state) }));
}

customElements.define('gb-recording', RecordingLight);

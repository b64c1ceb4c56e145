import { el, fill, icon, setIcon, setText } from '../../kit/dom.js';
import { AppElement, changed, withApp } from '../shared/element.js';
import { deviceChoice, deviceNews, takeOffered } from '../shared/own-devices.js';

const METER_MS = 80;
/** Louder than this is speech, not the room. */
const SPEECH = 0.18;
const HEARD_MS = 3000;
const TEST_SOUND_MS = 1000;
/** Long enough to press what is offered. */
const NEWS_MS = 20_000;
/** States that pressing "turn on" does not cure. */
const FAILED = new Set(['denied', 'none', 'busy', 'unanswered']);
/** The device runs. */
const RUNNING = new Set(['ready', 'held']);

/** @typedef {'camera' | 'microphone'} Kind */

/** The own picture, the microphone's level, a test sound and the choice of devices. */
export class OwnView extends AppElement {
  #heardAt = -HEARD_MS;
  #video = el('video', {});
  #away = el('div', {});
  #placard = el('span', {});
  #news = el('div', {});
  #newsTimer = 0;
  #level = el('progress', {});
  /** @type {Record<Kind, {status: HTMLElement, why: HTMLElement, choice: HTMLSelectElement, sign: SVGSVGElement, retry: HTMLElement}>} */
  #checks = /** @type {never} */ (undefined);
  #switch = el('button', {});
  #switchSign = icon('camera');
  #switchWords = el('span', {});

  /** @override */
  build() {
    const { signal } = this;
    this.className = 'cam';
    this.#checks = { camera: this.#check('camera'), microphone: this.#check('microphone') };
    this.replaceChildren(this.#picture(), this.#row());
    this.#video.addEventListener('resize', () => this.#update(), { signal });
    this.every(METER_MS, () => this.#measure());
    this.whenLeaving(() => {
      this.#video.srcObject = null;
      clearTimeout(this.#newsTimer);
    });
  }

  /** @override @type {AppElement['render']} */
  render(state, before) {
    if (changed(state, before, 'deviceNews')) this.#tell();
    this.#update();
  }

  #picture() {
    const { t } = this.app;
    this.#video = el('video', { autoplay: true, playsinline: true, 'aria-label': t('green.own-picture'), 'data-testid': 'green-video' });
    this.#video.muted = true;
    this.#video.srcObject = this.app.cameraPreview;
    this.#away = el('div', { class: 'away', role: 'status' });
    this.#placard = el('span', { class: 'placard' });
    return el('div', { class: 'tile' }, this.#video, this.#away, this.#placard);
  }

  #row() {
    const { t } = this.app;
    const { camera, microphone } = this.#checks;
    this.#level = el('progress', { class: 'level', max: 1, value: 0, 'aria-label': t('green.level') });
    this.#switch = el('button', { class: 'btn btn-wide', type: 'button', 'data-testid': 'green-camera', onclick: () => this.#switchCamera() },
      this.#switchSign, this.#switchWords);
    this.#news = el('div', { class: 'news row', role: 'status', 'data-testid': 'device-news', hidden: true });
    return el('div', { class: 'checks', role: 'group', 'aria-label': t('green.own-picture') },
      this.#news,
      el('div', null, this.#head('microphone', microphone.sign, microphone.status),
        this.#level, microphone.why, microphone.choice, microphone.retry),
      el('div', null, this.#head('camera', camera.sign, camera.status), camera.why, camera.choice, this.#switch),
      this.#speaker());
  }

  /** @param {string} what @param {SVGSVGElement} sign @param {HTMLElement | null} status */
  #head(what, sign, status) {
    return el('div', { class: 'row between' }, el('b', { class: 'row' }, sign, this.app.t(`green.${what}`)), status);
  }

  /** @param {Kind} kind */
  #check(kind) {
    return {
      status: el('span', { class: 'soft note', 'data-testid': `green-${kind}-status` }),
      why: el('p', { class: 'note why' }),
      choice: deviceChoice(this.app, kind, this.signal, `green-${kind}-choice`),
      sign: icon(kind === 'camera' ? 'camera' : 'mic'),
      retry: this.#retry(kind),
    };
  }

  #speaker() {
    const { t } = this.app;
    const note = el('span', { class: 'soft note', role: 'status' }, t('green.test-note'));
    const test = el('button', { class: 'btn btn-wide', type: 'button', 'data-testid': 'green-test-sound', onclick: () => {
      this.app.testSound();
      setText(note, t('green.testing'));
      setTimeout(() => setText(note, t('green.test-note')), TEST_SOUND_MS);
    } }, icon('speaker'), t('green.test-sound'));
    return el('div', { class: 'speaker' }, this.#head('speaker', icon('headphones'), null), note, test);
  }

  /** @param {Kind} kind */
  #retry(kind) {
    const { t } = this.app;
    return el('button', { class: 'btn', type: 'button', 'data-testid': `green-${kind}-retry`, onclick: () => void this.app.openDevice(kind) },
      t('green.try-again'));
  }

  #switchCamera() {
    void this.app.setSource('camera', !RUNNING.has(this.app.state.devices.camera));
  }

  /** What happened to a device by itself. */
  #tell() {
    const told = deviceNews(this.app);
    clearTimeout(this.#newsTimer);
    if (told) this.#newsTimer = setTimeout(() => this.app.dismissDeviceNews(), NEWS_MS);
    this.#news.hidden = !told;
    this.#news.classList.toggle('is-good', told?.good ?? false);
    if (told) fill(this.#news, icon(told.good ? 'check' : 'alert'), el('span', null, told.text), takeOffered(this.app));
    else fill(this.#news);
  }

  #measure() {
    const ready = this.app.state.devices.microphone === 'ready';
    const level = ready ? this.app.microphoneLevel() : 0;
    this.#level.value = level ?? 0;
    const now = performance.now();
    if ((level ?? 0) > SPEECH) this.#heardAt = now;
    const heard = level === null ? 'not-measured' : now - this.#heardAt < HEARD_MS ? 'hears' : 'silent';
    if (ready) setText(this.#checks.microphone.status, this.app.t(`green.${heard}`));
  }

  #update() {
    this.#updateCamera(this.app.state.devices.camera);
    this.#updateMicrophone(this.app.state.devices.microphone);
    this.#namePlacard();
  }

  /** @param {import('../../state/store.js').DeviceState} camera */
  #updateCamera(camera) {
    const { t } = this.app;
    const check = this.#checks.camera;
    const seen = camera === 'ready';
    const failed = FAILED.has(camera);
    this.#video.hidden = !seen;
    this.#away.hidden = seen;
    if (!seen && this.#away.dataset.why !== camera) {
      fill(this.#away, icon(camera === 'unknown' ? 'camera' : 'camera-off'), el('b', { class: 'h2' }, t(`green.camera-${camera}`)),
        el('p', null, t(`green.camera-${camera}-do`)), failed && check.retry);
    }
    this.#away.dataset.why = camera;
    const { videoWidth: width, videoHeight: height } = this.#video;
    setText(check.status, seen ? (width ? t('green.size', { width, height }) : '') : t(`green.status-${camera}`));
    setIcon(check.sign, seen ? 'camera' : 'camera-off');
    const without = !seen && camera !== 'unknown';
    setText(check.why, without ? t('green.without-picture') : '');
    check.why.hidden = !without;
    const runs = RUNNING.has(camera);
    check.choice.hidden = camera === 'unknown' || check.choice.options.length === 0;
    this.#switch.hidden = failed || camera === 'unknown';
    setText(this.#switchWords, t(runs ? 'green.camera-turn-off' : 'green.camera-turn-on'));
    setIcon(this.#switchSign, runs ? 'camera-off' : 'camera');
  }

  /** @param {import('../../state/store.js').DeviceState} microphone */
  #updateMicrophone(microphone) {
    const { t } = this.app;
    const check = this.#checks.microphone;
    const lacking = microphone !== 'ready' && microphone !== 'unknown';
    setIcon(check.sign, microphone === 'ready' ? 'mic' : 'mic-off');
    if (microphone !== 'ready') setText(check.status, t(`green.status-${microphone}`));
    this.#level.hidden = lacking;
    setText(check.why, lacking ? t(`green.microphone-${microphone}-do`) : '');
    check.why.hidden = !lacking;
    check.retry.hidden = !lacking || microphone === 'held' || microphone === 'lost';
    check.choice.hidden = microphone === 'unknown' || check.choice.options.length === 0;
  }

  #namePlacard() {
    const { welcome, account } = this.app.state;
    const unit = welcome?.units.find((one) => one.id === (this.dataset.unit || welcome.unit));
    const name = unit?.name ?? account?.unit?.name ?? account?.name ?? '';
    setText(this.#placard, name);
    this.#placard.hidden = !name;
  }

  /** @param {string} unit id of the unit on the card */
  showUnit(unit) {
    this.dataset.unit = unit;
    this.#namePlacard();
  }
}

customElements.define('gb-own-view', OwnView);

/** @param {import('../../app/app.js').App} app @param {string} unit id @returns {OwnView} */
export function ownView(app, unit) {
  const view = withApp(new OwnView(), app);
  view.dataset.unit = unit;
  return view;
}

/** This client's camera, microphone and screen. Each failure has a name. */

/** @typedef {import('../protocol/words.js').Source} Source */
/** @typedef {import('../state/store.js').DeviceState} DeviceState */
/** @typedef {import('../state/store.js').Action} Action */
/** @typedef {{id: string, label: string}} Device */

/** @type {Record<Source, MediaTrackConstraints>} */
const WISHES = {
  microphone: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
  camera: { width: { ideal: 960 }, height: { ideal: 540 }, frameRate: { ideal: 24, max: 30 } },
  screen: { frameRate: { ideal: 5, max: 10 }, width: { max: 1920 }, height: { max: 1080 } },
};
const METER_SAMPLES = 1024;
/** Speech into a laptop has a level near 0.1; the square root makes it fill half the meter. */
const METER_GAIN = 2;

/** What went wrong, as a word of `state.devices`. @param {unknown} error @returns {DeviceState} */
export function failure(error) {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy';
  return 'none';
}

export class Devices {
  /** @type {Map<Source, MediaStreamTrack>} */ #tracks = new Map();
  /** @type {Record<'microphone' | 'camera', string>} */ #chosen = { microphone: '', camera: '' };
  /** @type {{context: AudioContext, analyser: AnalyserNode, samples: Float32Array<ArrayBuffer>, node: AudioNode} | null} */ #meter = null;
  /** @type {AudioContext | null} */ #context = null;
  /** @type {Promise<unknown>} */ #queue = Promise.resolve();
  #dispatch;
  /** True: the camera is opened only when it is asked for by name. */
  voiceOnly = false;
  /** Called with the source whenever its track comes, changes or goes. @type {(source: Source) => void} */
  onChange = () => {};
  /** For previews; always the same objects. */
  cameraStream = new MediaStream();
  screenStream = new MediaStream();

  /** @param {(action: Action) => void} dispatch */
  constructor(dispatch) {
    this.#dispatch = dispatch;
  }

  /** @param {Source} source @returns {MediaStreamTrack | null} */
  track(source) {
    return this.#tracks.get(source) ?? null;
  }

  /** Open camera and microphone: together, so that the browser asks only once, or one by one when that fails. */
  openBoth() {
    if (this.voiceOnly) return this.open('microphone');
    return this.#queued(async () => {
      if (this.track('camera') || this.track('microphone') || !(await this.#askBoth())) {
        await this.#open('microphone');
        await this.#open('camera');
      }
    });
  }

  async #askBoth() {
    try {
      const wish = { video: this.#wish('camera'), audio: this.#wish('microphone') };
      const both = await navigator.mediaDevices.getUserMedia(wish);
      for (const track of both.getTracks()) this.#keep(track.kind === 'audio' ? 'microphone' : 'camera', track);
      return true;
    } catch {
      return false; // asking for each of them shows which one failed
    }
  }

  /**
   * @param {Source} source
   * @returns {Promise<DeviceState>} `ready`, or what went wrong
   */
  open(source) {
    return this.#queued(() => this.#open(source));
  }

  /**
   * One request at a time: two at once would open a device twice.
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  #queued(work) {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  /** @param {Source} source @returns {Promise<DeviceState>} */
  async #open(source) {
    const running = this.track(source);
    if (running) {
      if (source === 'microphone') this.#setEnabled(true);
      return 'ready';
    }
    if (!navigator.mediaDevices) return this.#fail(source, 'none');
    try {
      const stream = await this.#ask(source);
      const track = stream.getTracks()[0];
      if (!track) return this.#fail(source, 'none');
      this.#keep(source, track);
      return 'ready';
    } catch (error) {
      return this.#fail(source, failure(error));
    }
  }

  /** Stop the device: its light goes out. @param {Source} source */
  close(source) {
    const track = this.track(source);
    if (!track) return;
    track.onended = null;
    track.stop();
    this.#gone(source);
    if (source !== 'screen') this.#dispatch({ type: 'local/devices', devices: { [source]: 'off' } });
  }

  /** Keep the microphone but send silence, so that it opens again at once. */
  hush() {
    this.#setEnabled(false);
  }

  /** Switch everything off when the person leaves. */
  stop() {
    for (const source of [...this.#tracks.keys()]) this.close(source);
    this.#forgetMeter();
  }

  /**
   * What can be chosen. There are no labels before the person permits access.
   * @returns {Promise<{cameras: Device[], microphones: Device[]}>}
   */
  async list() {
    const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    /** @param {string} kind */
    const of = (kind) => all.filter((one) => one.kind === kind && one.deviceId).map((one) => ({ id: one.deviceId, label: one.label }));
    return { cameras: of('videoinput'), microphones: of('audioinput') };
  }

  /**
   * Use another camera or microphone.
   * @param {'microphone' | 'camera'} source
   * @param {string} id of `list`
   */
  choose(source, id) {
    return this.#queued(async () => {
      this.#chosen[source] = id;
      const running = this.track(source);
      return running ? this.#replace(source, running) : this.#open(source);
    });
  }

  /**
   * Open the new device before stopping the old one. Phones can run only one camera at a time: there the old one is
   * stopped first and we try again.
   * @param {'microphone' | 'camera'} source
   * @param {MediaStreamTrack} running
   * @returns {Promise<DeviceState>}
   */
  async #replace(source, running) {
    running.onended = null;
    let stream;
    try {
      stream = await this.#ask(source).catch(() => {
        running.stop();
        return this.#ask(source);
      });
    } catch (error) {
      this.#gone(source);
      return this.#fail(source, failure(error));
    }
    const [track] = stream.getTracks();
    if (!track) return this.#fail(source, 'none');
    running.stop();
    this.#stream(source)?.removeTrack(running);
    if (source === 'microphone') this.#forgetMeter();
    track.enabled = running.enabled;
    this.#keep(source, track);
    return 'ready';
  }

  /** Loudness of the microphone now, 0 to 1; 0 without a microphone. */
  level() {
    const track = this.track('microphone');
    if (!track) return 0;
    this.#meter ??= this.#makeMeter(track);
    const { analyser, samples } = this.#meter;
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    return Math.min(1, METER_GAIN * Math.sqrt(Math.sqrt(power)) * 0.6);
  }

  /** @param {Source} source */
  #ask(source) {
    if (source === 'screen') return navigator.mediaDevices.getDisplayMedia({ video: WISHES.screen, audio: false });
    const wish = this.#wish(source);
    return navigator.mediaDevices.getUserMedia(source === 'camera' ? { video: wish } : { audio: wish });
  }

  /** @param {'microphone' | 'camera'} source @returns {MediaTrackConstraints} */
  #wish(source) {
    const id = this.#chosen[source];
    return id ? { ...WISHES[source], deviceId: { exact: id } } : WISHES[source];
  }

  /** @param {Source} source @param {MediaStreamTrack} track */
  #keep(source, track) {
    track.contentHint = source === 'screen' ? 'detail' : source === 'camera' ? 'motion' : 'speech';
    track.onended = () => {
      this.#gone(source);
      if (source !== 'screen') this.#fail(source, 'none');
    };
    this.#tracks.set(source, track);
    this.#stream(source)?.addTrack(track);
    this.#dispatch({ type: 'local/source', source, on: true });
    if (source !== 'screen') {
      this.#dispatch({ type: 'local/devices', devices: { [source]: 'ready', [`${source}Label`]: track.label } });
    }
    this.onChange(source);
  }

  /** @param {Source} source */
  #gone(source) {
    const track = this.track(source);
    if (!track) return;
    this.#tracks.delete(source);
    this.#stream(source)?.removeTrack(track);
    if (source === 'microphone') this.#forgetMeter();
    this.#dispatch({ type: 'local/source', source, on: false });
    this.onChange(source);
  }

  /** @param {Source} source @param {DeviceState} why @returns {DeviceState} */
  #fail(source, why) {
    if (source !== 'screen') this.#dispatch({ type: 'local/devices', devices: { [source]: why } });
    return why;
  }

  /** @param {boolean} on */
  #setEnabled(on) {
    const track = this.track('microphone');
    if (!track || track.enabled === on) return;
    track.enabled = on;
    this.#dispatch({ type: 'local/source', source: 'microphone', on });
  }

  /** @param {Source} source @returns {MediaStream | null} */
  #stream(source) {
    return source === 'camera' ? this.cameraStream : source === 'screen' ? this.screenStream : null;
  }

  /** @param {MediaStreamTrack} track */
  #makeMeter(track) {
    const context = this.#audio();
    if (context.state === 'suspended') void context.resume();
    const analyser = context.createAnalyser();
    analyser.fftSize = METER_SAMPLES;
    const node = context.createMediaStreamSource(new MediaStream([track]));
    node.connect(analyser);
    return { context, analyser, samples: new Float32Array(METER_SAMPLES), node };
  }

  #forgetMeter() {
    this.#meter?.node.disconnect();
    this.#meter = null;
  }

  #audio() {
    this.#context ??= new AudioContext();
    return this.#context;
  }
}

/**
 * This client's camera, microphone and screen. A device is a thing that goes away: it is unplugged, forbidden, or held back
 * by the system. Then this is said at once, and a person who was seen or heard through it gets the next device; what was
 * shut stays shut. Each failure has a name.
 */

import { Asking, failure, isMissing } from './asking.js';
import { compared } from './device-list.js';
import { DeviceWatch, KINDS } from './device-watch.js';
import { Meter } from './meter.js';

/** @typedef {import('../protocol/words.js').Source} Source */
/** @typedef {import('../state/store.js').DeviceState} DeviceState */
/** @typedef {import('../state/store.js').Action} Action */
/** @typedef {import('../state/own-devices.js').News} News */
/** @typedef {import('./device-list.js').Kind} Kind */
/** @typedef {import('./device-list.js').Listed} Listed */

/** @type {Record<Source, MediaTrackConstraints>} */
const WISHES = {
  microphone: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
  camera: { width: { ideal: 960 }, height: { ideal: 540 }, frameRate: { ideal: 24, max: 30 } },
  screen: { frameRate: { ideal: 5, max: 10 }, width: { max: 1920 }, height: { max: 1080 } },
};
const HINTS = { microphone: 'speech', camera: 'motion', screen: 'detail' };

export class Devices {
  /** @type {Map<Source, MediaStreamTrack>} */ #tracks = new Map();
  /** By the person; '': whichever the system prefers. @type {Record<Kind, string>} */ #chosen = { microphone: '', camera: '' };
  /** @type {Record<Kind, DeviceState>} */ #words = { microphone: 'unknown', camera: 'unknown' };
  /** Tracks that ended and are about to be replaced. @type {WeakSet<MediaStreamTrack>} */ #losing = new WeakSet();
  /** @type {Map<Source, Promise<unknown>>} */ #queues = new Map();
  /** The microphone sends silence. */ #hushed = false;
  #meter = new Meter();
  #asking = new Asking();
  #watch = new DeviceWatch();
  #dispatch;
  /** True: the camera is opened only when it is asked for by name. */
  voiceOnly = false;
  /** Whether what is opened is only shown to the person, so that it may be opened unasked. */
  previews = () => false;
  /** Called with the source whenever its track comes, changes or goes. @type {(source: Source) => void} */
  onChange = () => {};
  /** For previews; always the same objects. */
  cameraStream = new MediaStream();
  screenStream = new MediaStream();

  /** @param {(action: Action) => void} dispatch */
  constructor(dispatch) {
    this.#dispatch = dispatch;
    this.#asking.onLate = (tracks) => this.#late(tracks);
    this.#asking.onLateRefusal = (sources, error) => {
      for (const source of sources) if (!this.track(source)) this.#fail(source, failure(error));
    };
    this.#watch.onList = (found, before) => {
      this.#dispatch({ type: 'local/devices', devices: { microphones: found.microphone.devices, cameras: found.camera.devices } });
      for (const kind of KINDS) this.#follow(kind, found[kind], before?.[kind] ?? null);
    };
    this.#watch.onPermission = (kind, state) => this.#permitted(kind, state);
  }

  /** Hear from the browser what comes, goes and is permitted. */
  watch() {
    this.#watch.start();
  }

  /** The page was away, and may have missed what happened. */
  look() {
    return this.#watch.look();
  }

  /** @param {Source} source @returns {MediaStreamTrack | null} */
  track(source) {
    return this.#tracks.get(source) ?? null;
  }

  /** Open camera and microphone: together, so that the browser asks only once, or one by one when that fails. */
  openBoth() {
    if (this.voiceOnly) return this.open('microphone');
    return this.#queued('microphone', () => this.#queued('camera', async () => {
      if (this.track('camera') || this.track('microphone') || !(await this.#openTogether())) {
        await this.#open('microphone');
        await this.#open('camera');
      }
    }));
  }

  /** @returns {Promise<boolean>} false: asking for each of them shows which one failed */
  async #openTogether() {
    try {
      const tracks = await this.#asking.ask({ microphone: this.#wish('microphone'), camera: this.#wish('camera') });
      if (!tracks) for (const kind of KINDS) this.#fail(kind, 'unanswered');
      else for (const [source, track] of tracks) this.#keep(source, track);
      return true;
    } catch {
      return false;
    }
  }

  /**
   * @param {Source} source
   * @returns {Promise<DeviceState>} `ready`, `off` when it was closed meanwhile, or what went wrong
   */
  open(source) {
    return this.#queued(source, () => {
      if (source === 'microphone') this.#hush(false);
      return this.#open(source);
    });
  }

  /**
   * One request at a time for each source: two at once would open a device twice.
   * @template T
   * @param {Source} source
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  #queued(source, work) {
    const done = (this.#queues.get(source) ?? Promise.resolve()).then(work);
    this.#queues.set(source, done.catch(() => undefined));
    return done;
  }

  /** @param {Source} source @returns {Promise<DeviceState>} */
  async #open(source) {
    if (this.track(source)) return 'ready';
    if (!navigator.mediaDevices) return this.#fail(source, 'none');
    const track = await this.#ask(source);
    if (track === 'off') return 'off';
    if (typeof track === 'string') return this.#fail(source, track);
    this.#keep(source, track);
    return 'ready';
  }

  /** Stop the device: its light goes out. @param {Source} source */
  close(source) {
    this.#asking.withdraw(source);
    const track = this.track(source);
    if (!track) return;
    track.stop();
    this.#gone(source);
    this.#fail(source, 'off');
  }

  /** Keep the microphone but send silence, so that it opens again at once. */
  hush() {
    this.#hush(true);
  }

  /** Switch everything off when the person leaves. */
  stop() {
    for (const source of /** @type {const} */ (['microphone', 'camera', 'screen'])) this.close(source);
    this.#hushed = false;
  }

  /**
   * Use another camera or microphone: now if one runs, otherwise when it is opened.
   * @param {Kind} source
   * @param {string} id of `state.devices`
   */
  choose(source, id) {
    return this.#queued(source, async () => {
      this.#chosen[source] = id;
      const running = this.track(source);
      if (running) await this.#replace(source, running);
      else if (this.previews() && this.#words[source] !== 'off') await this.#open(source);
      else this.#say(source, this.#words[source]);
    });
  }

  /**
   * Open the new device before stopping the old one. Phones can run only one camera at a time: there the old one is
   * stopped first and we try again.
   * @param {Kind} source
   * @param {MediaStreamTrack} running
   * @returns {Promise<DeviceState>}
   */
  async #replace(source, running) {
    let track = await this.#ask(source);
    if (typeof track === 'string' && track !== 'off' && track !== 'unanswered') {
      running.stop();
      track = await this.#ask(source);
    }
    if (this.track(source) !== running || track === 'off') {
      if (typeof track !== 'string') track.stop();
      return 'off';
    }
    if (typeof track === 'string') {
      if (running.readyState === 'live') this.#tell('unanswered', source);
      else this.#end(source, track);
      return track;
    }
    running.stop();
    this.#stream(source)?.removeTrack(running);
    if (source === 'microphone') this.#meter.forget();
    this.#keep(source, track);
    return 'ready';
  }

  /** Loudness of the microphone now, 0 to 1; 0 without a microphone; null while the browser does not measure. */
  level() {
    const track = this.track('microphone');
    return track ? this.#meter.level(track) : 0;
  }

  /** @param {Source} source @returns {Promise<MediaStreamTrack | DeviceState>} `off`: closed meanwhile */
  async #ask(source) {
    try {
      const tracks = await this.#asking.ask({ [source]: this.#wish(source) });
      return tracks ? tracks.get(source) ?? 'off' : 'unanswered';
    } catch (error) {
      if (source === 'screen' || !this.#chosen[source] || !isMissing(error)) return failure(error);
      this.#chosen[source] = ''; // it is gone, or the browser has given it another id
      return this.#ask(source);
    }
  }

  /** @param {Source} source @returns {MediaTrackConstraints} */
  #wish(source) {
    const id = source === 'screen' ? '' : this.#chosen[source];
    return id ? { ...WISHES[source], deviceId: { exact: id } } : WISHES[source];
  }

  /** An answer after the deadline. What others would see or hear waits for another press. @param {import('./asking.js').Tracks} tracks */
  #late(tracks) {
    for (const [source, track] of tracks) {
      if (this.previews() && !this.track(source)) this.#keep(source, track);
      else {
        track.stop();
        if (!this.track(source)) this.#allowed(source);
      }
    }
  }

  /** @param {Source} source @param {MediaStreamTrack} track */
  #keep(source, track) {
    track.contentHint = HINTS[source];
    if (source === 'microphone') track.enabled = !this.#hushed;
    track.onended = () => void this.#lost(source, track);
    track.onmute = track.onunmute = () => this.#held(source, track);
    this.#tracks.set(source, track);
    this.#stream(source)?.addTrack(track);
    this.#dispatch({ type: 'local/source', source, on: track.enabled });
    this.#say(source, track.muted ? 'held' : 'ready');
    this.onChange(source);
    void this.look(); // labels, and where the browser hides them until now also ids
  }

  /** @param {Source} source */
  #gone(source) {
    const track = this.track(source);
    if (!track) return;
    track.onended = track.onmute = track.onunmute = null;
    this.#tracks.delete(source);
    this.#stream(source)?.removeTrack(track);
    if (source === 'microphone') this.#meter.forget();
    this.#dispatch({ type: 'local/source', source, on: false });
    this.onChange(source);
  }

  /** The device is not there any more, and no other takes its place. @param {Source} source @param {DeviceState} why */
  #end(source, why) {
    this.#gone(source);
    this.#fail(source, why);
  }

  /**
   * The device stopped by itself. A person who was seen or heard through it gets the next one; what was shut is not opened.
   * @param {Source} source
   * @param {MediaStreamTrack} track
   */
  async #lost(source, track) {
    if (this.track(source) !== track || this.#losing.has(track)) return;
    if (source === 'screen') return this.#gone(source);
    this.#losing.add(track);
    this.#say(source, 'lost');
    await this.#queued(source, async () => {
      await this.look();
      if (this.track(source) !== track) return;
      const id = track.getSettings().deviceId ?? '';
      if (this.#chosen[source] === id) this.#chosen[source] = '';
      if (this.#watch.forbids(source, id)) this.#forbidden(source);
      else if (source === 'microphone' && this.#hushed) {
        const another = this.#watch.has(source);
        this.#end(source, another ? 'off' : 'none');
        this.#tell(another ? 'unplugged' : 'gone', source);
      } else {
        track.stop(); // perhaps the browser has not noticed yet
        const outcome = await this.#replace(source, track);
        if (outcome === 'denied') this.#tell('revoked', source);
        else if (outcome !== 'off') this.#tell(outcome === 'ready' ? 'replaced' : 'gone', source);
      }
    });
  }

  /** A new list of devices. @param {Kind} kind @param {Listed} now @param {Listed | null} before */
  #follow(kind, now, before) {
    const track = this.track(kind);
    if (track?.readyState === 'ended') return void this.#lost(kind, track);
    if (!before?.known || !now.known) return;
    const { come, gone, renamed } = compared(before.devices, now.devices);
    const chosen = this.#chosen[kind];
    this.#chosen[kind] = renamed.get(chosen) ?? chosen;
    const used = track?.getSettings().deviceId ?? chosen;
    if (gone.some((one) => one.id === used)) {
      if (track) return void this.#lost(kind, track);
      this.#chosen[kind] = '';
      this.#tell('unplugged', kind);
    }
    const [first] = come;
    if (!first) return;
    if (this.#words[kind] === 'none' && this.previews()) void this.open(kind);
    else this.#tell('offered', kind, first);
  }

  /** The system holds the device back, or gives it again. @param {Source} source @param {MediaStreamTrack} track */
  #held(source, track) {
    if (this.track(source) !== track || this.#losing.has(track) || source === 'screen') return;
    this.#say(source, track.muted ? 'held' : 'ready');
    if (track.enabled) this.#tell(track.muted ? 'held' : 'back', source);
  }

  /** @param {Kind} kind @param {PermissionState} state */
  #permitted(kind, state) {
    const word = this.#words[kind];
    if (state === 'denied' && this.track(kind)) this.#forbidden(kind);
    else if (state === 'denied' && word === 'unanswered') this.#fail(kind, 'denied');
    else if (state === 'granted' && (word === 'denied' || word === 'unanswered')) {
      if (this.previews()) void this.open(kind);
      else this.#allowed(kind);
    }
  }

  /** @param {Kind} kind */
  #forbidden(kind) {
    this.track(kind)?.stop();
    this.#end(kind, 'denied');
    this.#tell('revoked', kind);
  }

  /** @param {Source} source */
  #allowed(source) {
    this.#fail(source, 'off');
    this.#tell('allowed', source);
  }

  /** @param {Source} source @param {DeviceState} why @returns {DeviceState} */
  #fail(source, why) {
    this.#say(source, why);
    return why;
  }

  /** @param {Source} source @param {DeviceState} word */
  #say(source, word) {
    if (source === 'screen') return;
    this.#words[source] = word;
    const id = this.track(source)?.getSettings().deviceId ?? this.#chosen[source];
    this.#dispatch({ type: 'local/devices', devices: { [source]: word, [`${source}Id`]: id } });
  }

  /**
   * @param {News} what
   * @param {Source} source
   * @param {import('../state/own-devices.js').Device} [device] it is about; otherwise the one that is used now
   */
  #tell(what, source, device) {
    if (source === 'screen') return;
    const track = this.track(source);
    const { id, label } = device ?? { id: track?.getSettings().deviceId ?? this.#chosen[source], label: track?.label ?? '' };
    this.#dispatch({ type: 'local/device-news', what, source, id, label });
  }

  /** @param {boolean} hushed */
  #hush(hushed) {
    this.#hushed = hushed;
    const track = this.track('microphone');
    if (!track || track.enabled === !hushed) return;
    track.enabled = !hushed;
    this.#dispatch({ type: 'local/source', source: 'microphone', on: !hushed });
  }

  /** @param {Source} source @returns {MediaStream | null} */
  #stream(source) {
    return source === 'camera' ? this.cameraStream : source === 'screen' ? this.screenStream : null;
  }
}

/**
 * Plays the audio lines, the bell for a knock, and a test sound. `soundOn` is false while the browser holds sound back
 * until a click.
 */

import { inTime } from '../kit/time.js';

/** A sound that cannot be played at once is not played: a bell that rings later means something else. */
const RESUME_MS = 1000;
/** A player that the system pauses again and again is not started more often than this. */
const RESTART_MS = 1000;

export class Sound {
  /** @type {Map<string, HTMLAudioElement>} by mid */ #players = new Map();
  /** @type {AudioContext | null} */ #context = null;
  #dispatch;

  /** @param {(action: import('../state/store.js').Action) => void} dispatch */
  constructor(dispatch) {
    this.#dispatch = dispatch;
  }

  /**
   * Play these streams and no others.
   * @param {readonly {mid: string, stream: MediaStream}[]} lines
   */
  play(lines) {
    this.stop();
    for (const { mid, stream } of lines) {
      const player = document.createElement('audio');
      player.hidden = true;
      player.autoplay = true;
      player.dataset.mid = mid;
      player.srcObject = stream;
      // A call on the phone or an unplugged headset pauses it.
      player.addEventListener('pause', () => setTimeout(() => this.#restart(player), RESTART_MS));
      document.body.append(player);
      this.#players.set(mid, player);
      void this.#start(player);
    }
  }

  stop() {
    for (const player of this.#players.values()) {
      player.srcObject = null;
      player.remove();
    }
    this.#players.clear();
  }

  /** After a click: play what the browser held back. */
  resume() {
    this.#dispatch({ type: 'local/sound', on: true });
    for (const player of this.#players.values()) void this.#start(player);
  }

  /** Start what the system has paused. */
  goOn() {
    for (const player of this.#players.values()) this.#restart(player);
  }

  /** @param {HTMLAudioElement} player */
  #restart(player) {
    if (player.paused && player.srcObject && !document.hidden) void this.#start(player);
  }

  /** Somebody knocks. */
  bell() {
    return this.#notes([784, 659.25], 0.3);
  }

  /** Two soft notes that show whether the loudspeaker works. */
  test() {
    return this.#notes([523.25, 659.25], 0.25);
  }

  /** @param {readonly number[]} tones Hz @param {number} apart seconds */
  async #notes(tones, apart) {
    const context = (this.#context ??= new AudioContext());
    await inTime(context.resume(), RESUME_MS).catch(() => null);
    if (context.state !== 'running') return;
    tones.forEach((hz, place) => chime(context, hz, context.currentTime + place * apart));
  }

  /** @param {HTMLAudioElement} player */
  async #start(player) {
    try {
      await player.play();
    } catch (error) {
      // AbortError only means that the element was removed while it was starting.
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.#dispatch({ type: 'local/sound', on: false });
    }
  }
}

/** @param {AudioContext} context @param {number} hz @param {number} at seconds of the context's clock */
function chime(context, hz, at) {
  const gain = context.createGain();
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(0.2, at + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.001, at + 0.6);
  const tone = context.createOscillator();
  tone.frequency.value = hz;
  tone.connect(gain).connect(context.destination);
  tone.start(at);
  tone.stop(at + 0.65);
}

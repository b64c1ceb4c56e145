/** Plays the audio lines, and the bell for a knock. Browsers may hold sound back until a click: then `soundOn` is false. */

import { chime } from './devices.js';

export class Sound {
  /** @type {Map<string, HTMLAudioElement>} by mid */ #players = new Map();
  /** @type {AudioContext | null} */ #context = null;
  #dispatch;

  /** @param {(action: import('./store.js').Action) => void} dispatch */
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

  /** Someone knocks. */
  async bell() {
    this.#context ??= new AudioContext();
    await this.#context.resume();
    [784, 659.25].forEach((hz, place) => chime(/** @type {AudioContext} */ (this.#context), hz, place * 0.3 + (this.#context?.currentTime ?? 0)));
  }

  /** @param {HTMLAudioElement} player */
  async #start(player) {
    try {
      await player.play();
    } catch (error) {
      // AbortError only says that the element was taken away while it was starting.
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.#dispatch({ type: 'local/sound', on: false });
    }
  }
}

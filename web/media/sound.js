/**
 * Plays the audio lines, the bell for a knock, and a test sound. `soundOn` is false while the browser holds sound back
 * until a click.
 */

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
    await context.resume();
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

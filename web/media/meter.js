/** How loud a track is. */

const SAMPLES = 1024;
/** Speech into a laptop has a level near 0.1; the square root makes it fill half the meter. */
const GAIN = 2;
/** A context that the browser or the system has stopped is asked to go on this often. */
const RESUME_MS = 1000;

export class Meter {
  /** @type {AudioContext | null} */ #context = null;
  /** @type {{analyser: AnalyserNode, node: AudioNode, samples: Float32Array<ArrayBuffer>} | null} */ #taken = null;
  #triedMs = -RESUME_MS;

  /** Loudness now, 0 to 1; null while the browser measures nothing: before a click, during a call. @param {MediaStreamTrack} track */
  level(track) {
    const context = (this.#context ??= new AudioContext());
    const { analyser, samples } = (this.#taken ??= this.#take(context, track));
    if (context.state !== 'running') {
      this.#resume(context);
      return null;
    }
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    return Math.min(1, GAIN * Math.sqrt(Math.sqrt(power)) * 0.6);
  }

  /** The track is gone; the next one is taken when it is asked for. */
  forget() {
    this.#taken?.node.disconnect();
    this.#taken = null;
  }

  /** @param {AudioContext} context */
  #resume(context) {
    const now = performance.now();
    if (now - this.#triedMs < RESUME_MS) return;
    this.#triedMs = now;
    context.resume().catch(() => undefined); // not yet
  }

  /** @param {AudioContext} context @param {MediaStreamTrack} track */
  #take(context, track) {
    const analyser = context.createAnalyser();
    analyser.fftSize = SAMPLES;
    const node = context.createMediaStreamSource(new MediaStream([track]));
    node.connect(analyser);
    return { analyser, node, samples: new Float32Array(SAMPLES) };
  }
}

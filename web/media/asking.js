/**
 * Requests to the browser for camera, microphone or screen. The browser may ask the person, who may never answer: then the
 * request is over after `QUESTION_MS`, and an answer that comes later opens nothing that nobody wants any more.
 */

import { inTime } from '../kit/time.js';

/** @typedef {import('../protocol/words.js').Source} Source */
/** @typedef {Partial<Record<Source, MediaTrackConstraints>>} Wish */
/** @typedef {Map<Source, MediaStreamTrack>} Tracks */

export const QUESTION_MS = 8000;
const NO_SUCH_DEVICE = new Set(['OverconstrainedError', 'NotFoundError']);

/** @param {unknown} error */
const nameOf = (error) => (error instanceof Error || error instanceof DOMException ? error.name : '');

/** Whether the device that was asked for is not there. @param {unknown} error */
export const isMissing = (error) => NO_SUCH_DEVICE.has(nameOf(error));

/** What went wrong, as a word of `state.devices`. @param {unknown} error @returns {import('../state/own-devices.js').DeviceState} */
export function failure(error) {
  const name = nameOf(error);
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy';
  return 'none';
}

export class Asking {
  /** For each source the newest request that still wants it, as the set of all it wants. @type {Map<Source, Set<Source>>} */
  #wanted = new Map();
  /** Tracks that came after the deadline and that no newer request has replaced. @type {(tracks: Tracks) => void} */
  onLate = () => {};
  /** A refusal that came after the deadline. @type {(sources: readonly Source[], error: unknown) => void} */
  onLateRefusal = () => {};

  /**
   * Raises what the browser raises.
   * @param {Wish} wish
   * @returns {Promise<Tracks | null>} without what was withdrawn meanwhile; null: no answer yet
   */
  async ask(wish) {
    const sources = /** @type {Source[]} */ (Object.keys(wish));
    for (const source of sources) this.withdraw(source);
    const request = new Set(sources);
    for (const source of sources) this.#wanted.set(source, request);
    const answer = streamOf(wish);
    // To choose a screen takes time, and the browser's window for it cannot be overlooked.
    const stream = wish.screen ? await answer : await inTime(answer, QUESTION_MS);
    if (stream) return this.#kept(request, stream);
    answer.then(
      (late) => this.onLate(this.#kept(request, late)),
      (error) => request.size > 0 && this.onLateRefusal([...request], error),
    );
    return null;
  }

  /** Nobody wants this source any more. @param {Source} source */
  withdraw(source) {
    this.#wanted.get(source)?.delete(source);
    this.#wanted.delete(source);
  }

  /** @param {Set<Source>} request @param {MediaStream} stream @returns {Tracks} */
  #kept(request, stream) {
    /** @type {Tracks} */
    const kept = new Map();
    for (const track of stream.getTracks()) {
      const source = track.kind === 'audio' ? 'microphone' : request.has('screen') ? 'screen' : 'camera';
      if (request.has(source)) kept.set(source, track);
      else track.stop();
    }
    return kept;
  }
}

/** @param {Wish} wish */
function streamOf({ microphone, camera, screen }) {
  if (screen) return navigator.mediaDevices.getDisplayMedia({ video: screen, audio: false });
  return navigator.mediaDevices.getUserMedia({ ...(microphone && { audio: microphone }), ...(camera && { video: camera }) });
}

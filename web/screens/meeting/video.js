/** How a received picture is shown. */

/** @type {WeakMap<HTMLVideoElement, string>} */
const showing = new WeakMap();

/**
 * Show a stream, touching the element only when something has changed: assigning the same stream again makes it flicker.
 * A line that now carries somebody else is covered until that one's first frame is there, so that nobody stands under
 * another's name.
 * @param {HTMLVideoElement} video
 * @param {MediaStream | null} stream
 * @param {string} whose
 */
export function show(video, stream, whose) {
  if (video.srcObject === stream && showing.get(video) === whose) return;
  const changed = stream !== null && showing.has(video);
  showing.set(video, whose);
  if (video.srcObject !== stream) video.srcObject = stream;
  video.classList.toggle('is-coming', changed);
  if (changed) video.requestVideoFrameCallback(() => video.classList.remove('is-coming'));
}

/** How a received picture is shown. */

/** @type {WeakMap<HTMLVideoElement, string>} */
const showing = new WeakMap();

/**
 * Show a stream. The element is touched only when something has changed, because assigning the same stream again makes it
 * flicker. When a line changes to somebody else it is covered until their first frame comes, so that nobody is shown under
 * another person's name.
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

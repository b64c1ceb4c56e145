/** The address bar: `/` is the door, `/m/<code>` is the door of one meeting. */

const PATH = /^\/m\/([A-Za-z0-9._-]{1,64})\/?$/;

/** @param {string} path @returns {string | null} the meeting's code */
export function meetingOf(path) {
  return PATH.exec(path)?.[1] ?? null;
}

/** Put the meeting into the address, so that a reload comes back to it. @param {string | null} meeting */
export function show(meeting) {
  const path = meeting === null ? '/' : `/m/${meeting}`;
  if (location.pathname !== path) history.replaceState(null, '', path);
}

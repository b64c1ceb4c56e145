/** A meeting's code as people type it: with spaces in it, or as the whole link they were sent. */

/** @param {string} typed @returns {string} '' if there is none */
export function meetingCode(typed) {
  const link = /\/m\/([^/?#\s]+)/.exec(typed);
  const code = (link?.[1] ?? typed).replace(/\s+/g, '');
  return /^[A-Za-z0-9._-]{1,64}$/.test(code) ? code : '';
}

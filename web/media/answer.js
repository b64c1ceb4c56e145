/**
 * The server's answer as this page applies it. The page itself decides two things: whether the voice is sent with
 * redundancy (Chromium sends the line's first payload type that both sides have), and which encodings are paused for the
 * moment (each time an answer is applied, Chromium starts every encoding that it does not mark as paused). Pure.
 */

const SIMULCAST = /^a=simulcast:recv (.+)$/m;

/**
 * @param {string} sdp
 * @param {{red: boolean, paused: readonly (readonly string[])[]}} how paused: rids of the camera's line and of the screen's
 * @returns {string}
 */
export function arranged(sdp, { red, paused }) {
  const [head, ...sections] = sdp.split(/(?=^m=)/m);
  const [microphone, ...others] = sections;
  if (microphone === undefined) return sdp;
  return [head, redundant(microphone, red), ...others.map((section, place) => pausing(section, paused[place] ?? []))].join('');
}

/** Whether the server takes redundant voice on the microphone's line. @param {string} sdp */
export function takesRed(sdp) {
  const microphone = sdp.split(/(?=^m=)/m)[1] ?? '';
  return redType(microphone) !== null;
}

/** @param {string} section @returns {string | null} payload type */
function redType(section) {
  return /^a=rtpmap:(\d+) red\/48000/im.exec(section)?.[1] ?? null;
}

/** @param {string} section of the microphone @param {boolean} red */
function redundant(section, red) {
  const type = redType(section);
  if (type === null) return section;
  return section.replace(/^(m=audio \S+ \S+) ([\d ]+)/, (_, start, types) => {
    const rest = String(types).trim().split(' ').filter((one) => one !== type);
    return `${start} ${(red ? [type, ...rest] : [...rest, type]).join(' ')}`;
  });
}

/** RFC 8853 section 5.2: "~" before a rid. @param {string} section @param {readonly string[]} rids */
function pausing(section, rids) {
  return section.replace(SIMULCAST, (_, list) => {
    const marked = String(list).trim().split(';').map((one) => {
      const rid = one.replace(/^~/, '');
      return rids.includes(rid) ? `~${rid}` : rid;
    });
    return `a=simulcast:recv ${marked.join(';')}`;
  });
}

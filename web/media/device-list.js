/** Cameras and microphones as the browser lists them, and what changed between two lists. Pure. */

/** @typedef {'microphone' | 'camera'} Kind */
/** @typedef {{id: string, label: string}} Device */
/**
 * @typedef {object} Listed
 * @property {readonly Device[]} devices
 * @property {boolean} known false while the browser keeps ids and labels to itself: before the person permits access
 */

/** Chromium lists the system's choice under a name of its own, beside the device it stands for. */
const STAND_INS = new Set(['default', 'communications']);
const KINDS = /** @type {const} */ ({ microphone: 'audioinput', camera: 'videoinput' });

/** @param {readonly {kind: string, deviceId: string, label: string}[]} all @param {Kind} source @returns {Listed} */
export function listed(all, source) {
  const of = all.filter((one) => one.kind === KINDS[source]);
  return { devices: of.filter((one) => one.deviceId).map((one) => ({ id: one.deviceId, label: one.label })), known: of.every((one) => one.deviceId) };
}

/**
 * What was plugged in and what was unplugged. Browsers may give the same devices other ids (the site's data were deleted):
 * a device whose label is still there is the same one.
 * @param {readonly Device[]} before
 * @param {readonly Device[]} now
 * @returns {{come: Device[], gone: Device[], renamed: Map<string, string>}} `renamed`: old id to new
 */
export function compared(before, now) {
  const come = now.filter((one) => !before.some((other) => other.id === one.id));
  const gone = before.filter((one) => !now.some((other) => other.id === one.id));
  /** @type {Map<string, string>} */
  const renamed = new Map();
  for (const one of [...gone]) {
    const same = come.find((other) => one.label !== '' && other.label === one.label);
    if (!same) continue;
    renamed.set(one.id, same.id);
    gone.splice(gone.indexOf(one), 1);
    come.splice(come.indexOf(same), 1);
  }
  return { come: come.filter((one) => !STAND_INS.has(one.id)), gone, renamed };
}

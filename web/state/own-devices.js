/** The own camera and microphone as the page shows them, and news of them. Pure. */

/** @typedef {import('./store.js').State} State */
/** @typedef {'microphone' | 'camera'} Kind */
/** @typedef {{id: string, label: string}} Device */
/**
 * - `unknown`: not opened yet; `ready`; `off`: shut by the person
 * - `denied`: the browser or the person forbids it; `busy`: another program has it; `none`: there is no such device
 * - `unanswered`: the browser has asked and nobody has answered
 * - `held`: the system gives silence or darkness: a call on the phone, a privacy switch
 * - `lost`: it stopped by itself, and the next device is being opened
 * @typedef {'unknown' | 'ready' | 'off' | 'denied' | 'busy' | 'none' | 'unanswered' | 'held' | 'lost'} DeviceState
 */
/**
 * What happened to a device without a press: another one took its place, it was unplugged while shut, nothing takes its
 * place, its permission was revoked or given, the browser waits for an answer, the system holds it back or gives it again,
 * another one was plugged in.
 * @typedef {'replaced' | 'unplugged' | 'gone' | 'revoked' | 'allowed' | 'unanswered' | 'held' | 'back' | 'offered'} News
 */
/** @typedef {{what: News, source: Kind, label: string, id: string}} DeviceNews */
/**
 * @typedef {object} DeviceStates
 * @property {DeviceState} camera
 * @property {DeviceState} microphone
 * @property {string} cameraId the device that is used, or will be
 * @property {string} microphoneId
 * @property {readonly Device[]} cameras what can be chosen
 * @property {readonly Device[]} microphones
 */

/** @type {DeviceStates} */
export const NO_DEVICES = Object.freeze({
  camera: 'unknown', microphone: 'unknown', cameraId: '', microphoneId: '', cameras: Object.freeze([]), microphones: Object.freeze([]),
});
const FAILED = new Set(['denied', 'busy', 'none', 'unanswered', 'lost']);

/** @param {DeviceStates} devices @param {Kind} kind @returns {readonly Device[]} */
export const devicesOf = (devices, kind) => (kind === 'camera' ? devices.cameras : devices.microphones);

/**
 * The device that is used, or will be: without a choice the first of the list, which is the system's.
 * @param {DeviceStates} devices
 * @param {Kind} kind
 * @param {string} [id] another one
 * @returns {Device | undefined}
 */
export function usedDevice(devices, kind, id = devices[`${kind}Id`]) {
  const all = devicesOf(devices, kind);
  return all.find((one) => one.id === id) ?? all[0];
}

/**
 * Why nobody sees or hears what the server lets through; null: nothing hinders it.
 * @param {State} state
 * @param {Kind} kind
 * @returns {'held' | 'lost' | null}
 */
export function hindrance(state, kind) {
  const word = state.devices[kind];
  if (word === 'held') return 'held';
  return FAILED.has(word) ? 'lost' : null;
}

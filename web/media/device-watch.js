/** What the browser says of its devices by itself: which there are, and what the person permits. */

import { inTime } from '../kit/time.js';
import { listed } from './device-list.js';

/** @typedef {import('./device-list.js').Kind} Kind */
/** @typedef {import('./device-list.js').Listed} Listed */
/** @typedef {Record<Kind, Listed>} Found */

export const KINDS = /** @type {const} */ (['microphone', 'camera']);
/** Firefox lists nothing while its window is in the background. */
const LIST_MS = 2000;
/** Chromium on Linux is not told of what only the sound server has, as Bluetooth headsets; it has to be asked. */
export const LOOK_MS = 5000;

export class DeviceWatch {
  /** @type {Found | null} */ #found = null;
  /** @type {Map<Kind, PermissionStatus>} */ #permissions = new Map();
  /** @type {Promise<unknown>} */ #looks = Promise.resolve();
  /** A new list. @type {(found: Found, before: Found | null) => void} */
  onList = () => {};
  /** The person, or the administrator, has changed their mind. @type {(kind: Kind, state: PermissionState) => void} */
  onPermission = () => {};

  start() {
    navigator.mediaDevices?.addEventListener('devicechange', () => void this.look());
    setInterval(() => void this.look(), LOOK_MS);
    for (const kind of KINDS) void this.#follow(kind);
  }

  /** Look again: something may have changed. Ends in time, with or without a new list. */
  look() {
    this.#looks = this.#looks.then(() => this.#look());
    return inTime(this.#looks, LIST_MS);
  }

  /** Whether there is a device of this kind, as far as the browser tells. @param {Kind} kind */
  has(kind) {
    const found = this.#found?.[kind];
    return !found?.known || found.devices.length > 0;
  }

  /**
   * Whether a device that stopped was forbidden, not unplugged: a browser that does not remember a permission says
   * "prompt" both before and after, but it still lists the device, or lists nothing any more.
   * @param {Kind} kind
   * @param {string} id of the device that stopped
   */
  forbids(kind, id) {
    const state = this.#permissions.get(kind)?.state ?? 'granted';
    const found = this.#found?.[kind];
    const here = !found?.known || found.devices.some((one) => one.id === id);
    return state === 'denied' || (state === 'prompt' && here);
  }

  async #look() {
    const all = await inTime(navigator.mediaDevices?.enumerateDevices() ?? Promise.resolve([]), LIST_MS).catch(() => null);
    if (!all) return;
    const before = this.#found;
    this.#found = { microphone: listed(all, 'microphone'), camera: listed(all, 'camera') };
    this.onList(this.#found, before);
  }

  /** @param {Kind} kind */
  async #follow(kind) {
    // Some browsers do not know these names.
    const status = await navigator.permissions?.query({ name: /** @type {PermissionName} */ (kind) }).catch(() => null);
    if (!status) return;
    this.#permissions.set(kind, status);
    status.onchange = () => this.onPermission(kind, status.state);
  }
}

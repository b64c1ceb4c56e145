/**
 * The own microphone, camera and screen in the meeting. The device is opened first, then the server is asked; the roster
 * shows the result.
 */

import { remember } from '../kit/storage.js';
import { WORDS } from '../protocol/words.js';
import { ownPerson } from '../state/people.js';

/** @typedef {import('../protocol/words.js').Source} Source */
/**
 * @typedef {object} Around
 * @property {() => import('../state/store.js').State} state
 * @property {import('./devices.js').Devices} devices
 * @property {() => number} number the next message's number
 * @property {(message: import('../protocol/client.js').ClientMessage) => void} say send, or tell the person why it is impossible
 * @property {(code: string) => void} refuse tell the person what failed
 */

export class OwnSources {
  #around;
  /** Number of the newest message that opened a source. @type {Map<Source, number>} */ #opened = new Map();

  /** @param {Around} around */
  constructor(around) {
    this.#around = around;
  }

  /**
   * @param {Source} source
   * @param {boolean} on
   */
  async set(source, on) {
    const { devices, state } = this.#around;
    if (source === 'camera') remember('camera', on ? 'on' : 'off');
    if (on) {
      const outcome = await devices.open(source);
      if (outcome === 'ready') {
        if (state().screen === 'meeting') this.ask(source, true);
      } else if (outcome !== 'off' && (source !== 'screen' || outcome !== 'denied')) {
        // Somebody who closed it meanwhile, or cancels the browser's choice of screens, need not be told.
        this.#around.refuse(`${source}-${outcome}`);
      }
      return;
    }
    const inside = state().screen === 'meeting';
    if (inside) this.ask(source, false);
    if (inside && source === 'microphone') devices.hush();
    else devices.close(source);
  }

  /** @param {Source} source @param {boolean} on */
  ask(source, on) {
    const id = this.#around.number();
    if (on) this.#opened.set(source, id);
    this.#around.say({ type: 'set-source', source, on, id });
  }

  /** A `set-source` was refused. @param {number} to its number */
  refused(to) {
    const source = WORDS.Source.find((one) => this.#opened.get(one) === to);
    if (source === 'microphone') this.#around.devices.hush();
    else if (source) this.#around.devices.close(source);
  }

  /** Stop what chair or operator have shut: nobody receives it. */
  obeyHost() {
    const { devices, state } = this.#around;
    const me = ownPerson(state());
    if (me?.microphone.gate.includes('host')) devices.hush();
    if (me?.camera.gate.includes('host')) devices.close('camera');
    if (me?.screen.gate.includes('host')) devices.close('screen');
  }
}

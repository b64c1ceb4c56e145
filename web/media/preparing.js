/** What the page does with camera and microphone when the screen changes. Pure. */

/** @typedef {import('../state/store.js').State} State */
/** @typedef {'devices' | 'devices-and-line'} Preparation */

/**
 * The green room opens camera and microphone and measures the line. A page that is reloaded in the lobby has not been
 * through the green room, so the lobby opens the devices, too. In the meeting, admission opens them (`OwnMedia`).
 * @param {State} state
 * @param {State} before
 * @returns {Preparation | null} null: nothing
 */
export function preparation(state, before) {
  if (state.screen === before.screen) return null;
  if (state.screen === 'green-room') return 'devices-and-line';
  const lobby = state.screen === 'waiting' || state.screen === 'refused';
  return lobby && state.devices.camera === 'unknown' ? 'devices' : null;
}

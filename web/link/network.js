/** Notices when this machine's network comes back or changes. */

/** @typedef {EventTarget & {type?: string}} Network what some browsers know about the network; `type` exists only on phones */

/** @param {() => void} act */
export function onNetworkChange(act) {
  window.addEventListener('online', act);
  const network = /** @type {{connection?: Network}} */ (/** @type {unknown} */ (navigator)).connection;
  let type = network?.type;
  // The event also comes with every new guess of the speed.
  network?.addEventListener('change', () => {
    if (network.type === type) return;
    type = network.type;
    if (navigator.onLine) act();
  });
}

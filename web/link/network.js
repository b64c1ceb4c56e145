/** When this machine's network has come back or is another one. */

/** @typedef {EventTarget & {type?: string}} Network what some browsers say about the network; `type` only on phones */

/** @param {() => void} act */
export function onNetworkChange(act) {
  window.addEventListener('online', act);
  const network = /** @type {{connection?: Network}} */ (/** @type {unknown} */ (navigator)).connection;
  let type = network?.type;
  // It "changes" with every new guess of the speed too.
  network?.addEventListener('change', () => {
    if (network.type === type) return;
    type = network.type;
    if (navigator.onLine) act();
  });
}

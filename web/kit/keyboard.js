/** Single-key shortcuts, ignored while somebody types or a dialog is open. */

/**
 * @param {Record<string, (event: KeyboardEvent) => void>} acts by key in lower case, e.g. `m`, `v`, `?`
 * @param {AbortSignal} signal ends them
 */
export function shortcuts(acts, signal) {
  document.addEventListener(
    'keydown',
    (event) => {
      if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (typing(event.target) || document.querySelector('dialog[open]')) return;
      const act = acts[event.key.toLowerCase()];
      if (!act) return;
      event.preventDefault();
      act(event);
    },
    { signal },
  );
}

/** @param {EventTarget | null} target */
function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'));
}

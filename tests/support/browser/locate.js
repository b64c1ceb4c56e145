// Where the first visible match of a selector can be clicked, or why not. Looks into open shadow roots.
(css, scroll) => {
  const all = (root) => {
    const found = [...root.querySelectorAll(css)];
    for (const element of root.querySelectorAll('*')) if (element.shadowRoot) found.push(...all(element.shadowRoot));
    return found;
  };
  const matches = all(document);
  const shown = matches.find((element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && getComputedStyle(element).visibility === 'visible';
  });
  if (!shown) return { problem: matches.length ? 'hidden' : 'missing' };
  if (shown.disabled || shown.getAttribute('aria-disabled') === 'true') return { problem: 'disabled' };
  if (scroll) shown.scrollIntoView({ block: 'nearest', inline: 'nearest', behavior: 'instant' });
  const box = shown.getBoundingClientRect();
  const x = Math.round(box.left + box.width / 2), y = Math.round(box.top + box.height / 2);
  let hit = document.elementFromPoint(x, y);
  while (hit?.shadowRoot?.elementFromPoint(x, y)) {
    const inner = hit.shadowRoot.elementFromPoint(x, y);
    if (inner === hit) break;
    hit = inner;
  }
  for (let node = hit; node; node = node.parentNode ?? node.host) if (node === shown) return { x, y, problem: '' };
  const cover = hit ? `${hit.tagName.toLowerCase()}.${hit.className}` : 'the edge of the screen';
  return { x, y, problem: `covered by ${cover}` };
}

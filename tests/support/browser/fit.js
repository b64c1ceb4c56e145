// What does not fit on the screen as it is now: words that are cut off or lie on others, controls that cannot be
// pressed. A list of complaints. What can be scrolled to is there; words that end in "..." on purpose are as well, as
// long as some are left.
() => {
  const SLACK = 1.5;
  const complaints = new Set();
  const page = document.documentElement;
  const root = [...document.querySelectorAll('dialog[open]')].pop() ?? document.body;

  /** @param {Element} element */
  const name = (element) => {
    const named = element.closest('[data-testid]')?.dataset.testid ?? '';
    return `${named} ${element.localName}.${element.className}`.trim();
  };
  const isShown = (element) => element.checkVisibility({ checkVisibilityCSS: true, checkOpacity: true });
  const isShortened = (style) => style.textOverflow === 'ellipsis' || style.webkitLineClamp !== 'none';
  const may = (overflow) => overflow === 'auto' || overflow === 'scroll';
  /** It lies over the page on purpose, and what is below can be scrolled or comes back. */
  const floats = (element) => {
    for (let box = element; box; box = box.parentElement) {
      if (box.localName === 'gb-granted' || ['sticky', 'fixed'].includes(getComputedStyle(box).position)) return true;
    }
    return false;
  };
  /** What the boxes around it leave of a rectangle; whether it can be scrolled to; who cuts it off. */
  const left = (element, rectangle) => {
    const { top, bottom, left: from, right: to, height, width } = rectangle;
    const rest = { left: from, top, right: to, bottom, scrolls: false, cut: '' };
    for (let box = element; box && box !== page && box !== document.body; box = box.parentElement) {
      const style = getComputedStyle(box);
      if (style.display === 'contents' || style.display === 'inline') continue;
      if (style.overflowX === 'visible' && style.overflowY === 'visible') continue;
      const edge = box.getBoundingClientRect();
      const isAcross = rest.left < edge.left - SLACK || rest.right > edge.right + SLACK;
      // Letters are less high than their line: a quarter of it may be outside.
      const isDown = rest.top < edge.top - height / 4 || rest.bottom > edge.bottom + height / 4;
      rest.scrolls ||= (isAcross && may(style.overflowX)) || (isDown && may(style.overflowY));
      if ((isAcross || isDown) && !rest.scrolls && !isShortened(style)) rest.cut ||= name(box);
      rest.left = Math.max(rest.left, edge.left); rest.right = Math.min(rest.right, edge.right);
      rest.top = Math.max(rest.top, edge.top); rest.bottom = Math.min(rest.bottom, edge.bottom);
      const isGone = rest.right - rest.left < Math.min(width, height * 1.5) - SLACK;
      if (isShortened(style) && isGone && !rest.scrolls) rest.cut ||= `${name(box)}, which leaves hardly a letter`;
      if (style.position === 'fixed') break;
    }
    return rest;
  };

  if (page.scrollWidth > innerWidth) {
    const wide = [...root.querySelectorAll('*')].find((one) => one.getBoundingClientRect().right > innerWidth + SLACK);
    complaints.add(`wider than the screen: ${page.scrollWidth}${wide ? `, ${name(wide)}` : ''}`);
  }

  const words = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, element = node.parentElement, text = node.data.trim().slice(0, 40);
    if (!text || !isShown(element) || element.closest('.visually-hidden, .sr, option, noscript, textarea')) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const control = element.closest('button, a, .btn, .badge');
    const edge = control && getComputedStyle(control).display !== 'inline' ? control.getBoundingClientRect() : null;
    for (const line of range.getClientRects()) {
      if (line.width < 1 || line.height < 1) continue;
      const rest = left(element, line);
      if (rest.cut) complaints.add(`"${text}" is cut off by ${rest.cut}`);
      if (rest.right - rest.left < 2 || rest.bottom - rest.top < 2) continue;
      words.push({ node, element, text, ...rest });
      const isOut = edge && (rest.left < edge.left - SLACK || rest.right > edge.right + SLACK
        || rest.top < edge.top - SLACK || rest.bottom > edge.bottom + SLACK);
      if (isOut) complaints.add(`"${text}" is out of ${name(control)}`);
    }
  }

  for (const [index, one] of words.entries()) {
    for (const other of words.slice(index + 1)) {
      const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
      const isApart = across < 3 || down < Math.min(one.bottom - one.top, other.bottom - other.top) / 3;
      if (one.node === other.node || isApart || floats(one.element) || floats(other.element)) continue;
      complaints.add(`"${one.text}" and "${other.text}" lie on each other`);
    }
  }

  for (const control of root.querySelectorAll('button, a[href], input, select')) {
    if (!isShown(control) || control.closest('.visually-hidden, .sr')) continue;
    const box = control.getBoundingClientRect(), rest = left(control, box);
    if (rest.scrolls) continue;
    if (rest.cut) complaints.add(`${name(control)} is cut off by ${rest.cut}`);
    const y = (box.top + box.bottom) / 2;
    for (const x of [box.left + box.width / 4, box.right - box.width / 4]) {
      const hit = document.elementFromPoint(x, y); // null: outside the window, where the page scrolls to
      const isItsOwn = !hit || control.contains(hit) || hit.contains(control) || control.closest('label')?.contains(hit);
      if (!isItsOwn && !floats(hit)) complaints.add(`${name(control)} is covered by ${name(hit)}`);
    }
  }
  return [...complaints];
}

/**
 * Builds elements without strings of markup, so that what people type only ever becomes text.
 *
 * `on…` attributes are listeners. `true` sets an empty attribute; `false`, `null` and `undefined` set none, except that
 * `aria-*` and `data-*` get the words "true" and "false". Everything else is set as an attribute. Callers set properties
 * that have no attribute (srcObject, checked) themselves.
 */

const SVG = 'http://www.w3.org/2000/svg';

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Child | readonly (Child | readonly Child[])[]} Children a list may have a list in it */
/** @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} Attributes */

/** @template {string} K @typedef {K extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[K] : HTMLElement} Made */

/**
 * One element with its attributes and children.
 * @template {string} K
 * @param {K} tag
 * @param {Attributes | null} [attributes]
 * @param {...Children} children
 * @returns {Made<K>}
 */
export function el(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) setAttribute(element, name, value);
  element.append(...nodes(children));
  return /** @type {Made<K>} */ (element);
}

/**
 * Set, change or remove one attribute, or add a listener (`onclick`).
 * @param {Element} element
 * @param {string} name
 * @param {Attributes[string]} value
 */
export function setAttribute(element, name, value) {
  if (typeof value === 'function') element.addEventListener(name.replace(/^on/, ''), value);
  else if (typeof value === 'boolean' && /^(aria|data)-/.test(name)) element.setAttribute(name, String(value));
  else if (value === false || value === null || value === undefined) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? '' : String(value));
}

/**
 * One icon of the sheet, hidden from screen readers.
 * @param {string} name
 * @param {string} [extra] further classes
 * @returns {SVGSVGElement}
 */
export function icon(name, extra) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', extra ? `icon ${extra}` : 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', reference(name));
  svg.append(use);
  return svg;
}

/** The icon in the page once `bringIcons` has put the sheet there; until then, in the file. @param {string} name */
function reference(name) {
  return document.getElementById(`icon-${name}`) ? `#icon-${name}` : `/icons.svg#${name}`;
}

/**
 * Show another icon in an element made by `icon`.
 * @param {SVGSVGElement} svg
 * @param {string} name
 */
export function setIcon(svg, name) {
  const href = reference(name);
  const use = svg.firstElementChild;
  if (use && use.getAttribute('href') !== href) use.setAttribute('href', href);
}

/**
 * Set the text if it differs: a live region speaks whenever its text is set.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Replace all children.
 * @param {Element} element
 * @param {...Children} children
 */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
}

/**
 * Make a list's elements follow its items. Elements are kept by key, so that a focused button or a playing video stays.
 * @template T
 * @param {Element} parent has only children made here
 * @param {readonly T[]} items
 * @param {(item: T) => string} key
 * @param {(item: T) => HTMLElement} make
 * @param {(element: HTMLElement, item: T) => void} update called for new ones too
 */
export function list(parent, items, key, make, update) {
  /** @type {Map<string, HTMLElement>} */
  const old = new Map();
  for (const child of parent.children) {
    if (child instanceof HTMLElement && child.dataset.key !== undefined) old.set(child.dataset.key, child);
  }
  const wanted = items.map((item) => {
    const name = key(item);
    const element = old.get(name) ?? make(item);
    old.delete(name);
    element.dataset.key = name;
    update(element, item);
    return element;
  });
  for (const gone of old.values()) gone.remove();
  wanted.forEach((element, place) => {
    if (parent.children[place] !== element) parent.insertBefore(element, parent.children[place] ?? null);
  });
}

/** @param {readonly Children[]} children @returns {(Node | string)[]} */
function nodes(children) {
  return /** @type {(Node | string)[]} */ (
    children
      .flat(Infinity)
      .filter((child) => child !== null && child !== undefined && child !== false)
      .map((child) => (child instanceof Node ? child : String(child)))
  );
}

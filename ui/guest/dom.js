/**
 * Building the page. Nothing here, and nothing in the page, takes markup: text becomes text nodes, attributes are set one by one,
 * and the page's CSP (`require-trusted-types-for 'script'`, no policy) makes the browser refuse everything else.
 */
import { icons } from '../src/lib/icons.js';
import { initials, tint } from '../src/names.js';

/** @typedef {import('../src/lib/icons.js').IconName} IconName */
/** @typedef {Node | string | null | false | undefined} Child */
/** A listener (`onclick`), a flag, or an attribute's text. @typedef {string | number | boolean | null | undefined | ((event: any) => void)} Value */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * An element. `class`, `aria-…`, `data-…` and the rest are attributes, `on…` are listeners; null and false leave one out.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, Value>} [properties]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  set(element, properties);
  fillWith(element, ...children);
  return element;
}

/**
 * @param {Element} element
 * @param {Record<string, Value>} properties
 */
export function set(element, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value === null || value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
}

/**
 * Puts children in the place of those there are.
 *
 * @param {Element} element
 * @param {...Child} children
 */
export function fillWith(element, ...children) {
  element.replaceChildren(...children.filter((child) => child !== null && child !== undefined && child !== false));
}

/**
 * Changes the text only if it is another: readers and selections stay undisturbed.
 *
 * @param {Element} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {IconName} name
 * @param {16 | 20 | 24} [size]
 */
export function icon(name, size = 24) {
  const svg = document.createElementNS(SVG, 'svg');
  set(svg, { class: size === 24 ? 'i' : `i s${size}`, viewBox: '0 0 24 24', 'aria-hidden': 'true' });
  svg.append(...shapes(icons[name]));
  return svg;
}

/** The two seats of the mark. */
export function brandMark() {
  const svg = document.createElementNS(SVG, 'svg');
  set(svg, { viewBox: '0 0 30 20', 'aria-hidden': 'true' });
  svg.append(...shapes('<circle class="mark-full" cx="10" cy="10" r="9"/><circle class="mark-open" cx="20" cy="10" r="8.1"/>'));
  return svg;
}

/** Somebody in a seat of a full room. */
export function seatedFigure() {
  const svg = document.createElementNS(SVG, 'svg');
  set(svg, { viewBox: '0 0 84 76' });
  svg.append(...shapes('<circle cx="42" cy="28" r="17"/><path d="M8 80c2-22 16-31 34-31s32 9 34 31z"/>'));
  return svg;
}

/**
 * Initials on a tint; the name always stands beside it.
 *
 * @param {string} name
 * @param {boolean} [large]
 */
export function avatar(name, large = false) {
  return h('span', { class: `av ${tint(name)}${large ? ' large' : ''}`, 'aria-hidden': 'true' }, initials(name));
}

/**
 * The design's icons are one level of shapes with attributes; they are read here and not by the browser, which would have to be
 * let parse markup for it.
 *
 * @param {string} markup
 * @returns {SVGElement[]}
 */
export function shapes(markup) {
  return Array.from(markup.matchAll(/<(\w+)((?:\s[\w-]+="[^"]*")*)\s*\/>/g), ([, tag = '', attributes = '']) => {
    const shape = document.createElementNS(SVG, tag);
    for (const [, name = '', value = ''] of attributes.matchAll(/([\w-]+)="([^"]*)"/g)) shape.setAttribute(name, value);
    return /** @type {SVGElement} */ (shape);
  });
}

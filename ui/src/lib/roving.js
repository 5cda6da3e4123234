/**
 * Arrow keys inside a toolbar, menu or radio group: one Tab stop, Home and End jump.
 * Plain JavaScript, because the guest page takes it as it is.
 */

/** @typedef {'horizontal' | 'vertical' | 'both'} Axis */

/**
 * Where a key leads from `index` among `count` items; null when the key is not for moving.
 *
 * @param {string} key
 * @param {number} index
 * @param {number} count
 * @param {Axis} axis
 * @returns {number | null}
 */
export function moveIndex(key, index, count, axis) {
  if (count === 0) return null;
  const forward = (axis !== 'vertical' && key === 'ArrowRight') || (axis !== 'horizontal' && key === 'ArrowDown');
  const back = (axis !== 'vertical' && key === 'ArrowLeft') || (axis !== 'horizontal' && key === 'ArrowUp');
  if (forward) return (index + 1) % count;
  if (back) return (index - 1 + count) % count;
  if (key === 'Home') return 0;
  if (key === 'End') return count - 1;
  return null;
}

/**
 * Moves the focus among `selector` inside `root`; true when the key was used.
 *
 * @param {KeyboardEvent} event
 * @param {HTMLElement} root
 * @param {string} selector
 * @param {Axis} axis
 */
export function moveFocus(event, root, selector, axis) {
  const items = /** @type {HTMLElement[]} */ ([...root.querySelectorAll(selector)]);
  const next = moveIndex(event.key, items.indexOf(/** @type {HTMLElement} */ (document.activeElement)), items.length, axis);
  if (next === null) return false;
  event.preventDefault();
  items[next]?.focus();
  return true;
}

/**
 * A toolbar is one Tab stop: the last focused item holds it.
 *
 * @param {HTMLElement} root
 * @returns {() => void} ends it
 */
export function toolbar(root) {
  const selector = 'button:not([disabled])';
  /** @param {Element | null} current */
  const settle = (current) => {
    const items = /** @type {HTMLElement[]} */ ([...root.querySelectorAll(selector)]);
    const stop = items.find((item) => item === current) ?? items.find((item) => item.tabIndex === 0) ?? items[0];
    for (const item of items) item.tabIndex = item === stop ? 0 : -1;
  };
  /** @param {FocusEvent} event */
  const onFocus = (event) => settle(/** @type {Element} */ (event.target));
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey) moveFocus(event, root, selector, 'horizontal');
  };
  settle(null);
  const observer = new MutationObserver(() => settle(document.activeElement));
  observer.observe(root, { childList: true, subtree: true });
  root.addEventListener('focusin', onFocus);
  root.addEventListener('keydown', onKey);
  return () => {
    observer.disconnect();
    root.removeEventListener('focusin', onFocus);
    root.removeEventListener('keydown', onKey);
  };
}

/** Arrow keys inside a toolbar, menu or radio group: one Tab stop, Home and End jump. */
export type Axis = 'horizontal' | 'vertical' | 'both';

/** Where a key leads from `index` among `count` items; null when the key is not for moving. */
export function moveIndex(key: string, index: number, count: number, axis: Axis): number | null {
  if (count === 0) return null;
  const forward = (axis !== 'vertical' && key === 'ArrowRight') || (axis !== 'horizontal' && key === 'ArrowDown');
  const back = (axis !== 'vertical' && key === 'ArrowLeft') || (axis !== 'horizontal' && key === 'ArrowUp');
  if (forward) return (index + 1) % count;
  if (back) return (index - 1 + count) % count;
  if (key === 'Home') return 0;
  if (key === 'End') return count - 1;
  return null;
}

/** Moves the focus among `selector` inside `root`; true when the key was used. */
export function moveFocus(event: KeyboardEvent, root: HTMLElement, selector: string, axis: Axis): boolean {
  const items = [...root.querySelectorAll<HTMLElement>(selector)];
  const next = moveIndex(event.key, items.indexOf(document.activeElement as HTMLElement), items.length, axis);
  if (next === null) return false;
  event.preventDefault();
  items[next]?.focus();
  return true;
}

/** A toolbar is one Tab stop: the last focused item holds it. */
export function toolbar(root: HTMLElement): () => void {
  const selector = 'button:not([disabled])';
  const settle = (current: Element | null): void => {
    const items = [...root.querySelectorAll<HTMLElement>(selector)];
    const stop = items.find((item) => item === current) ?? items.find((item) => item.tabIndex === 0) ?? items[0];
    for (const item of items) item.tabIndex = item === stop ? 0 : -1;
  };
  const onFocus = (event: FocusEvent): void => settle(event.target as Element);
  const onKey = (event: KeyboardEvent): void => {
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

/** Where a menu stands beside the button that opened it: below if there is room, else above, never outside the window. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Placement {
  left: number;
  /** One of the two is set. */
  top: number | null;
  bottom: number | null;
  maxHeight: number;
}

const GAP = 8;
const EDGE = 12;

export function place(anchor: Box, menu: { width: number; height: number }, window: { width: number; height: number }): Placement {
  const anchorEnd = anchor.left + anchor.width;
  const wished = menu.width > anchor.width ? anchor.left + anchor.width / 2 - menu.width / 2 : anchorEnd - menu.width;
  const left = Math.max(EDGE, Math.min(wished, window.width - menu.width - EDGE));
  const below = window.height - (anchor.top + anchor.height) - GAP - EDGE;
  const above = anchor.top - GAP - EDGE;
  if (menu.height <= below || below >= above) {
    return { left, top: anchor.top + anchor.height + GAP, bottom: null, maxHeight: below };
  }
  return { left, top: null, bottom: window.height - anchor.top + GAP, maxHeight: above };
}

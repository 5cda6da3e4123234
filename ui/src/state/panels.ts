/** Chat and statistics beside each other need room. Where there is none, the one that opens takes the place of the other. Pure. */
export type Panel = 'chat' | 'statistics';
export type Open = Record<Panel, boolean>;

/** Narrower than this, at text of 100 %, one panel leaves no more than a picture beside it. */
const ROOM_FOR_BOTH_PX = 1000;

export function isNarrow(widthPx: number, textPercent: number): boolean {
  return widthPx < (ROOM_FOR_BOTH_PX * textPercent) / 100;
}

/** Which of two open panels goes: the older one; the statistics if nobody can tell. It stays so until it has closed. */
export function panelToClose(before: Open, now: Open, going: Panel | null): Panel | null {
  if (!now.chat || !now.statistics) return null;
  if (going !== null) return going;
  return before.chat && !before.statistics ? 'chat' : 'statistics';
}

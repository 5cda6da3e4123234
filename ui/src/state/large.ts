/** Which picture fills the stage; the one whose place it takes stands in the small frame of the one that is large. Pure. */
import type { PeerView } from '../generated/view';

/** The other's camera or screen; ours; the other's camera while their screen is shown. */
export type Large = 'peer' | 'local' | 'camera';

/** What of the other decides about it. */
export interface Shown {
  screen: boolean;
  /** Their camera comes beside the screen. */
  tile: boolean;
}

export function shownOf(peer: PeerView | null): Shown {
  const screen = peer?.video === 'screen';
  return { screen, tile: screen && peer.tile };
}

/** A screen that arrives is there to be read: it becomes large, whatever was. A picture that goes is large no longer. */
export function largeAfter(large: Large, before: Shown, now: Shown): Large {
  if (now.screen && !before.screen) return 'peer';
  return large === 'camera' && !now.tile ? 'peer' : large;
}

/** A small frame was clicked. */
export function swapped(large: Large, frame: 'local' | 'camera'): Large {
  return large === frame ? 'peer' : frame;
}

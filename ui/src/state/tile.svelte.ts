/** Where the small pictures stand and what they show; outlives a look into the settings, not the call. */
import type { PeerView } from '../generated/view';
import type { Corner } from './corner';
import { largeAfter, shownOf, swapped, type Large } from './large';

class Tile {
  /** Of our own; the other's stands in the same corner. */
  corner = $state<Corner>('bottom-right');
  large = $state<Large>('peer');
  hidden = $state(false);
  #shown = shownOf(null);

  /** What the other sends has changed, perhaps. */
  follow(peer: PeerView): void {
    const now = shownOf(peer);
    this.large = largeAfter(this.large, this.#shown, now);
    this.#shown = now;
  }

  swap(frame: 'local' | 'camera'): void {
    this.large = swapped(this.large, frame);
  }

  reset(): void {
    this.large = 'peer';
    this.hidden = false;
    this.#shown = shownOf(null);
  }
}

export const tile = new Tile();

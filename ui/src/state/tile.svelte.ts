/** Where the small picture stands and what it shows; outlives a look into the settings, not the call. */
import type { Corner } from './corner';

class Tile {
  corner = $state<Corner>('bottom-right');
  swapped = $state(false);
  hidden = $state(false);

  reset(): void {
    this.swapped = false;
    this.hidden = false;
  }
}

export const tile = new Tile();

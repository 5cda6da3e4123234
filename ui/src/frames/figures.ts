/** When the last frames arrived and were drawn: read by `bench frames` as `window.__duetFrames`. Times only, no content. */
import type { Stream } from './protocol';

const KEPT = 512;

export interface DrawnFrame {
  stream: Stream;
  sequence: number;
  /** `performance.timeOrigin + performance.now()`, milliseconds. */
  arrivedMs: number;
  drawnMs: number;
}

export class FrameFigures {
  readonly #drawn: DrawnFrame[] = [];
  #next = 0;
  received = 0;
  /** Newer ones took their place before the screen was drawn. */
  overtaken = 0;
  broken = 0;
  renderer = 'none';

  add(frame: DrawnFrame): void {
    this.#drawn[this.#next] = frame;
    this.#next = (this.#next + 1) % KEPT;
  }

  /** Oldest first. */
  drawn(): DrawnFrame[] {
    return [...this.#drawn.slice(this.#next), ...this.#drawn.slice(0, this.#next)];
  }

  /** The read-only face for the benchmark. */
  readonly face = Object.freeze({
    drawn: () => this.drawn(),
    counts: () => ({ received: this.received, overtaken: this.overtaken, broken: this.broken, renderer: this.renderer }),
  });
}

export const nowMs = (): number => performance.timeOrigin + performance.now();

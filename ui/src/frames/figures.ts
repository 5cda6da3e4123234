/** When the last frames arrived and were drawn: read by `bench frames` as `window.__duetFrames`. Times only, no content. */
import type { Stream } from './protocol';

const KEPT = 512;

export interface DrawnFrame {
  stream: Stream;
  sequence: number;
  /** `performance.timeOrigin + performance.now()`, milliseconds. */
  arrivedMs: number;
  drawnMs: number;
  handedOverUs: number;
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

/** From the hand-over on the other side of the socket until it was drawn, in milliseconds; the clock of the header comes round. */
export function latencyMs(frame: Pick<DrawnFrame, 'drawnMs' | 'handedOverUs'>): number {
  const round = 2 ** 32;
  const drawnUs = Math.round(frame.drawnMs * 1000) % round;
  return ((drawnUs - frame.handedOverUs + round) % round) / 1000;
}

export const nowMs = (): number => performance.timeOrigin + performance.now();

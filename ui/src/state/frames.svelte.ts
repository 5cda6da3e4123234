/** The one frame client of the page, started with the first view; canvases attach to it by stream. */
import { backend } from '../backend';
import { FrameClient } from '../frames/client';
import { I420, RGBA } from '../frames/protocol';
import { chooseRenderer, type RendererKind } from '../frames/renderer';
import type { FrameSocket, RendererChoice, RendererHint } from '../generated/view';

class Frames {
  client = $state.raw<FrameClient | undefined>(undefined);
  /** Canvases are made anew when this changes: a canvas has one kind of context for life. */
  kind = $state<RendererKind>('canvas2d');
  #hint: RendererHint = 'unknown';

  async start(choice: RendererChoice): Promise<void> {
    let place: FrameSocket | undefined;
    try {
      place = await backend().frameSocket();
      this.#hint = place.hint;
    } catch {
      // The client asks again by itself.
    }
    this.kind = chooseRenderer(choice, this.#hint);
    const client = new FrameClient(() => backend().frameSocket(), this.#format());
    client.figures.renderer = this.kind;
    Object.defineProperty(window, '__duetFrames', { value: client.figures.face, configurable: true });
    client.start(place);
    this.client = client;
  }

  /** The setting changed. */
  choose(choice: RendererChoice): void {
    if (!this.client) return;
    this.kind = chooseRenderer(choice, this.#hint);
    this.client.figures.renderer = this.kind;
    this.client.setFormat(this.#format());
  }

  #format(): typeof I420 | typeof RGBA {
    return this.kind === 'webgl2' ? I420 : RGBA;
  }
}

export const frames = new Frames();

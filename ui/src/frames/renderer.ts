/** Two ways to draw a frame behind one interface, and the choice between them. */
import type { RendererChoice, RendererHint } from '../generated/view';
import { createCanvas2d } from './canvas2d';
import type { Format, Frame } from './protocol';
import { createWebgl2, webglRendererName } from './webgl2';

export type RendererKind = 'canvas2d' | 'webgl2';

export interface Renderer {
  readonly kind: RendererKind;
  /** The pixel format this renderer wants to be sent. */
  readonly format: Format;
  /** False when the frame cannot be drawn (wrong format, lost context). */
  draw(frame: Frame): boolean;
  dispose(): void;
}

export function createRenderer(kind: RendererKind, canvas: HTMLCanvasElement): Renderer | null {
  switch (kind) {
    case 'canvas2d':
      return createCanvas2d(canvas);
    case 'webgl2':
      return createWebgl2(canvas);
  }
}

/**
 * WebGL only where a GPU draws it: without one it costs four times the 2D way. The hint comes from Rust (`/dev/dri`), the
 * renderer's name from the driver; a self-test must draw the right colours, or 2D it is.
 */
export function chooseRenderer(choice: RendererChoice, hint: RendererHint): RendererKind {
  switch (choice) {
    case 'canvas2d':
      return 'canvas2d';
    case 'webgl2':
      return selfTest() ? 'webgl2' : 'canvas2d';
    case 'automatic': {
      if (hint === 'noGpu') return 'canvas2d';
      const name = webglRendererName();
      return name !== null && !isSoftware(name) && selfTest() ? 'webgl2' : 'canvas2d';
    }
  }
}

/** Names under which WebGL is drawn by the processor. */
export function isSoftware(rendererName: string): boolean {
  return /swiftshader|llvmpipe|softpipe|software|basic render|lavapipe/i.test(rendererName);
}

/** Draws one grey I420 frame and reads it back: a driver that fails here would show green or nothing. */
function selfTest(): boolean {
  const canvas = document.createElement('canvas');
  const renderer = createWebgl2(canvas);
  if (!renderer) return false;
  const size = 16;
  const pixels = new Uint8Array(size * size * 1.5).fill(128);
  const drawn = renderer.draw({ stream: 0, format: 1, width: size, height: size, sequence: 0, handedOverUs: 0, pixels });
  const gl = canvas.getContext('webgl2');
  const rgba = new Uint8Array(4);
  gl?.readPixels(size / 2, size / 2, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, rgba);
  renderer.dispose();
  // Y 128 in limited range is grey 130.
  return drawn && [0, 1, 2].every((channel) => Math.abs((rgba[channel] ?? 0) - 130) <= 3);
}

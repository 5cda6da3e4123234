/**
 * RGBA by `putImageData`. `willReadFrequently` keeps the canvas in main memory: without a GPU that is the cheapest way
 * (5 ms a 720p frame in WebKitGTK; WebCodecs 8–10, WebGL 20).
 */
import { RGBA, type Frame } from './protocol';
import type { Renderer } from './renderer';

export function createCanvas2d(canvas: HTMLCanvasElement): Renderer | null {
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
  if (!context) return null;
  return {
    kind: 'canvas2d',
    format: RGBA,
    draw(frame: Frame): boolean {
      if (frame.format !== RGBA) return false;
      if (canvas.width !== frame.width) canvas.width = frame.width;
      if (canvas.height !== frame.height) canvas.height = frame.height;
      const { buffer, byteOffset, byteLength } = frame.pixels;
      const pixels = new Uint8ClampedArray(buffer, byteOffset, byteLength);
      context.putImageData(new ImageData(pixels, frame.width, frame.height), 0, 0);
      return true;
    },
    dispose() {},
  };
}

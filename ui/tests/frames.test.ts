import { expect, test } from 'vitest';
import { creditMessage, HEADER_BYTES, I420, parseFrame, pixelBytes, RGBA, sizeMessage } from '../src/frames/protocol';
import { isSoftware } from '../src/frames/renderer';
import { FrameFigures, latencyMs } from '../src/frames/figures';

function message(stream: number, format: number, width: number, height: number, bytes: number): ArrayBuffer {
  const buffer = new ArrayBuffer(HEADER_BYTES + bytes);
  const view = new DataView(buffer);
  view.setUint8(0, stream);
  view.setUint8(1, format);
  view.setUint16(4, width, true);
  view.setUint16(6, height, true);
  view.setUint32(8, 4_000_000_000, true);
  return buffer;
}

test('a frame is read as it was written', () => {
  const frame = parseFrame(message(1, I420, 6, 4, 36));
  expect(frame).toMatchObject({ stream: 1, format: I420, width: 6, height: 4, sequence: 4_000_000_000 });
  expect(frame?.pixels.length).toBe(36);
  expect(parseFrame(message(0, RGBA, 3, 2, 24))).not.toBeNull();
});

test('chroma planes of odd sizes are rounded up', () => {
  expect(pixelBytes(I420, 5, 3)).toBe(15 + 2 * 3 * 2);
});

test.each([
  ['too short', new ArrayBuffer(7)],
  ['unknown stream', message(3, RGBA, 2, 2, 16)],
  ['unknown format', message(0, 9, 2, 2, 16)],
  ['no size', message(0, RGBA, 0, 2, 0)],
  ['absurd size', message(0, RGBA, 65535, 65535, 16)],
  ['pixels missing', message(0, RGBA, 2, 2, 15)],
  ['pixels too many', message(0, I420, 2, 2, 7)],
])('%s is no frame', (_, buffer) => {
  expect(parseFrame(buffer)).toBeNull();
});

test('what the page says', () => {
  expect(creditMessage(1)).toBe('{"credit":1}');
  expect(sizeMessage(0, 640, 360)).toBe('{"size":{"stream":0,"width":640,"height":360}}');
});

test('software drivers are known by name', () => {
  expect(['ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device))', 'llvmpipe (LLVM 15)', 'Microsoft Basic Render Driver'].every(isSoftware)).toBe(true);
  expect(['Apple M3', 'Mesa Intel(R) UHD Graphics 620', 'NVIDIA GeForce RTX 4070/PCIe/SSE2'].some(isSoftware)).toBe(false);
});

test('figures keep the newest, oldest first', () => {
  const figures = new FrameFigures();
  for (let sequence = 0; sequence < 600; sequence++) figures.add({ stream: 0, sequence, arrivedMs: 0, drawnMs: 0, handedOverUs: 0 });
  const kept = figures.face.drawn();
  expect([kept.length, kept[0]?.sequence, kept.at(-1)?.sequence]).toEqual([512, 88, 599]);
});

test('the latency is right when the clock of the header comes round', () => {
  const round = 2 ** 32;
  expect(latencyMs({ drawnMs: (3 * round + 5000) / 1000, handedOverUs: 1000 })).toBe(4);
  expect(latencyMs({ drawnMs: (3 * round + 5000) / 1000, handedOverUs: round - 1000 })).toBe(6);
});

/**
 * The words on the frame socket (`ws://127.0.0.1:PORT`), both directions, without any I/O.
 *
 * Page → Rust, text: the token first; then JSON: `{"format":F}` (what the renderer wants), `{"size":{stream,width,height}}`
 * (device pixels, 0×0 when hidden), `{"credit":stream}` (one frame was drawn or thrown away; two may be in flight).
 * Rust → page, binary: a header of 16 bytes, little-endian, then pixels without padding.
 */
export const LOCAL = 0;
export const REMOTE = 1;
/** The other's camera beside their screen. */
export const REMOTE_TILE = 2;
export type Stream = typeof LOCAL | typeof REMOTE | typeof REMOTE_TILE;
const isStream = (number: number): number is Stream => number === LOCAL || number === REMOTE || number === REMOTE_TILE;

export const RGBA = 0;
export const I420 = 1;
export type Format = typeof RGBA | typeof I420;

export const HEADER_BYTES = 16;
/** No screen shows more; a larger claim is a broken message. */
const MAX_SIDE = 8192;

export interface Frame {
  stream: Stream;
  format: Format;
  width: number;
  height: number;
  sequence: number;
  /** When the other side got the picture: microseconds of this machine's clock, modulo 2³². */
  handedOverUs: number;
  pixels: Uint8Array<ArrayBuffer>;
}

/** Null for everything that is not a whole frame. */
export function parseFrame(message: ArrayBuffer): Frame | null {
  if (message.byteLength < HEADER_BYTES) return null;
  const header = new DataView(message, 0, HEADER_BYTES);
  const stream = header.getUint8(0);
  const format = header.getUint8(1);
  const width = header.getUint16(4, true);
  const height = header.getUint16(6, true);
  if (!isStream(stream) || (format !== RGBA && format !== I420)) return null;
  if (width === 0 || height === 0 || width > MAX_SIDE || height > MAX_SIDE) return null;
  if (message.byteLength !== HEADER_BYTES + pixelBytes(format, width, height)) return null;
  const [sequence, handedOverUs] = [header.getUint32(8, true), header.getUint32(12, true)];
  return { stream, format, width, height, sequence, handedOverUs, pixels: new Uint8Array(message, HEADER_BYTES) };
}

/** Chroma planes of odd sizes are rounded up. */
export function pixelBytes(format: Format, width: number, height: number): number {
  if (format === RGBA) return width * height * 4;
  return width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
}

export const creditMessage = (stream: Stream): string => JSON.stringify({ credit: stream });
export const formatMessage = (format: Format): string => JSON.stringify({ format });
export const sizeMessage = (stream: Stream, width: number, height: number): string =>
  JSON.stringify({ size: { stream, width, height } });

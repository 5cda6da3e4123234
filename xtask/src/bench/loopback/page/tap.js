// Reads the number of each picture of a track (bits as squares in the top rows) and the time.

const BITS = 10;
const SQUARE = 32 / 1280;

async function number(frame) {
  const square = frame.codedWidth * SQUARE;
  // Chroma is halved: the part must begin and end on even pixels.
  const even = (pixels) => Math.ceil(pixels / 2) * 2;
  const rect = { x: 0, y: 0, width: even(square * BITS), height: even(square) };
  const luma = new Uint8Array(frame.allocationSize({ rect }));
  const [{ offset, stride }] = await frame.copyTo(luma, { rect });
  let value = 0;
  for (let bit = 0; bit < BITS; bit++) {
    const x = Math.floor((bit + 0.5) * square);
    const y = Math.floor(square / 2);
    if (luma[offset + y * stride + x] > 125) value |= 1 << bit;
  }
  return value;
}

onmessage = async ({ data }) => {
  for await (const frame of data) {
    const at = performance.timeOrigin + performance.now();
    postMessage([await number(frame), at]);
    frame.close();
  }
};

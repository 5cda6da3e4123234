/** A drawn person that stands in for video: a lit wall, a head, shoulders. Made once for each stream, format and size. */
const cache = new Map();
const looks = [
  { wall: [0x8f, 0xa1, 0xa6], far: [0x4b, 0x5b, 0x61], skin: [0xd0, 0xa5, 0x88], hair: [0x53, 0x39, 0x26], top: [0x27, 0x32, 0x3e] },
  { wall: [0x8a, 0x7a, 0x5f], far: [0x1d, 0x28, 0x26], skin: [0xb0, 0x80, 0x66], hair: [0x2a, 0x1e, 0x1a], top: [0x27, 0x50, 0x49] },
  { wall: [0x6f, 0x8a, 0x9a], far: [0x2c, 0x3c, 0x4c], skin: [0xb0, 0x80, 0x66], hair: [0x2a, 0x1e, 0x1a], top: [0x6b, 0x3a, 0x4a] },
];

export function paint(stream, format, width, height) {
  const key = `${stream} ${format} ${width} ${height}`;
  if (!cache.has(key)) cache.set(key, format === 0 ? rgba(stream, width, height) : i420(stream, width, height));
  return cache.get(key);
}

/** Colour at a point; x and y from 0 to 1, 16:9. */
export function colourAt(stream, x, y) {
  const { wall, far, skin, hair, top } = looks[stream];
  const u = (x - 0.5) * 16;
  const v = (y - 0.5) * 9;
  if (ellipse(u, v + 0.9, 1.25, 1.65)) return skin;
  if (ellipse(u, v + 1.5, 1.6, 1.8)) return hair;
  if (ellipse(u, v - 4.6, 4.4, 3.6)) return top;
  const light = Math.min(1, Math.hypot(x - (stream === 0 ? 0.8 : 0.1), y - 0.2));
  return wall.map((value, channel) => Math.round(value + (far[channel] - value) * light));
}

const ellipse = (u, v, a, b) => (u / a) ** 2 + (v / b) ** 2 < 1;

function rgba(stream, width, height) {
  const out = Buffer.alloc(width * height * 4);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 4) {
      const [r, g, b] = colourAt(stream, (x + 0.5) / width, (y + 0.5) / height);
      out[at] = r;
      out[at + 1] = g;
      out[at + 2] = b;
      out[at + 3] = 255;
    }
  }
  return out;
}

function i420(stream, width, height) {
  const out = Buffer.alloc((width * height * 3) / 2);
  const blue = width * height;
  const red = blue + (width * height) / 4;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [r, g, b] = colourAt(stream, (x + 0.5) / width, (y + 0.5) / height);
      out[y * width + x] = Math.round(16 + 0.256788 * r + 0.504129 * g + 0.097906 * b);
      if (x % 2 || y % 2) continue;
      const at = (y / 2) * (width / 2) + x / 2;
      out[blue + at] = Math.round(128 - 0.148223 * r - 0.290993 * g + 0.439216 * b);
      out[red + at] = Math.round(128 + 0.439216 * r - 0.367788 * g - 0.071427 * b);
    }
  }
  return out;
}

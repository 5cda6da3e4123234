/** The Rust side of the frame socket, in little: checks token, format, sizes and credit, and sends drawn people. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { paint } from './person.mjs';

const IN_FLIGHT = 2;

/** @returns {Promise<{url: string, log: {tokens: string[], credits: number[], sent: number[], sizes: Map<number, string>}, close: () => void}>} */
export async function startFrameServer() {
  const log = { tokens: [], credits: [0, 0, 0], sent: [0, 0, 0], sizes: new Map() };
  const server = createServer();
  server.on('upgrade', (request, socket) => {
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    serve(socket, log);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `ws://127.0.0.1:${server.address().port}`, log, close: () => server.closeAllConnections?.() ?? server.close() };
}

function serve(socket, log) {
  let token = false;
  let format = 0;
  let sequence = 0;
  const inFlight = [0, 0, 0];
  const sizes = [null, null, null];
  let rest = Buffer.alloc(0);
  const send = (stream) => {
    const size = sizes[stream];
    if (!token || !size || size.width === 0 || inFlight[stream] >= IN_FLIGHT) return;
    inFlight[stream] += 1;
    log.sent[stream] += 1;
    socket.write(frame(stream, format, size, sequence++));
  };
  // The picture stands still: seldom is enough, and at once after a new size or format.
  const timer = setInterval(() => [0, 1, 2].forEach(send), 400);
  const stop = () => clearInterval(timer);
  socket.on('close', stop);
  socket.on('error', stop);
  socket.on('data', (data) => {
    rest = Buffer.concat([rest, data]);
    for (;;) {
      const message = unmask(rest);
      if (!message) return;
      rest = rest.subarray(message.used);
      if (message.opcode !== 1) continue;
      if (!token) {
        token = true;
        log.tokens.push(message.text);
        continue;
      }
      const said = JSON.parse(message.text);
      if ('format' in said) {
        format = said.format;
        [0, 1, 2].forEach(send);
      }
      if ('size' in said) {
        sizes[said.size.stream] = said.size;
        log.sizes.set(said.size.stream, `${said.size.width}x${said.size.height}`);
        send(said.size.stream);
      }
      if ('credit' in said) {
        inFlight[said.credit] -= 1;
        log.credits[said.credit] += 1;
      }
    }
  });
}

function frame(stream, format, size, sequence) {
  // As Rust does it: 16:9, large enough to cover the shown box, never above 720p.
  const width = Math.min(1280, Math.max(16, Math.ceil(Math.max(size.width, (size.height * 16) / 9) / 16) * 16));
  const height = (width * 9) / 16;
  const pixels = paint(stream, format, width, height);
  const header = Buffer.alloc(16);
  header.writeUInt8(stream, 0);
  header.writeUInt8(format, 1);
  header.writeUInt16LE(width, 4);
  header.writeUInt16LE(height, 6);
  header.writeUInt32LE(sequence, 8);
  const length = 16 + pixels.length;
  const head = length < 65536 ? Buffer.from([0x82, 126, length >> 8, length & 255]) : Buffer.alloc(10);
  if (length >= 65536) {
    head[0] = 0x82;
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, header, pixels]);
}

function unmask(buffer) {
  if (buffer.length < 6) return null;
  let length = buffer[1] & 127;
  let at = 2;
  if (length === 126) {
    length = buffer.readUInt16BE(2);
    at = 4;
  }
  if (buffer.length < at + 4 + length) return null;
  const mask = buffer.subarray(at, at + 4);
  const body = Buffer.from(buffer.subarray(at + 4, at + 4 + length).map((byte, index) => byte ^ mask[index % 4]));
  return { opcode: buffer[0] & 15, text: body.toString('utf8'), used: at + 4 + length };
}

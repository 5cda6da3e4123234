// The rooms of Duet's protocol on Node and `ws`, for `cargo xtask bench signaling` to measure beside duet-server.
//
// Written as a good Node server would be: one process, Maps, no framework, no compression, and no more checks than
// the rooms need: JSON, the types and lengths of the fields, who is bound to which uid, who is in which room. It
// leaves out what the workload does not use: the directory, taking kept places back, budgets by address, the rate
// limit, figures. That is in its favour.

import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const MAX_MESSAGE_BYTES = 64 * 1024;
const MAX_SDP_BYTES = 32 * 1024;
const MAX_ID_CHARS = 64;
const MAX_CANDIDATES = 128;
const PING_INTERVAL_MS = 5_000;
const SILENCE_TIMEOUT_MS = 20_000;
// Pings are spread over the interval: thousands at once would stop everything else for a moment.
const PING_SLOTS = 100;

const rooms = new Map(); // room id → the two, the elder first
const holders = new Map(); // uid → connection
const slots = Array.from({ length: PING_SLOTS }, () => new Set());
let nextSlot = 0;

const http = createServer((request, response) => response.writeHead(404).end());
const server = new WebSocketServer({
  server: http,
  path: "/ws",
  perMessageDeflate: false,
  maxPayload: MAX_MESSAGE_BYTES,
  clientTracking: false,
});

server.on("connection", (socket) => {
  const client = { socket, uid: null, name: null, room: null, candidates: 0 };
  socket.client = client;
  socket.heardAt = performance.now();
  socket.slot = nextSlot = (nextSlot + 1) % PING_SLOTS;
  slots[socket.slot].add(socket);
  socket.on("message", onMessage);
  socket.on("pong", onPong);
  socket.on("close", onClose);
  socket.on("error", onError);
});

// One for all connections: a listener of its own for each would cost memory.
function onMessage(data, isBinary) {
  this.heardAt = performance.now();
  if (isBinary) return this.close(1003);
  take(this.client, data.toString());
}

function onPong() {
  this.heardAt = performance.now();
}

function onClose() {
  const client = this.client;
  slots[this.slot].delete(this);
  if (client.room !== null) vacate(client, "lost");
  if (client.uid !== null) holders.delete(client.uid);
}

function onError() {}

function take(client, text) {
  let message;
  try {
    message = JSON.parse(text);
  } catch {
    return refuse(client, "bad-message");
  }
  if (message === null || typeof message !== "object") return refuse(client, "bad-message");
  switch (message.cmd) {
    case "join":
      return join(client, message);
    case "offer":
    case "answer":
      client.candidates = 0;
      return forward(client, message);
    case "candidate":
      client.candidates += 1;
      if (client.candidates > MAX_CANDIDATES) return;
      return forward(client, message);
    case "leave":
      return leave(client, message);
    case "keepalive":
      return send(client, { cmd: "keepalive" });
    default:
      return refuse(client, "unknown-command", message.cmd);
  }
}

function isId(value) {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_ID_CHARS;
}

function join(client, { roomId, uid, name }) {
  if (!isId(roomId) || !isId(uid)) return refuse(client, "bad-message", "join");
  if (client.uid !== null && client.uid !== uid) return refuse(client, "uid-mismatch", "join");
  if (client.room !== null) return refuse(client, "already-in-room", "join");
  const holder = holders.get(uid);
  if (holder !== undefined && holder !== client) return refuse(client, "uid-taken", "join");
  let members = rooms.get(roomId);
  if (members === undefined) {
    members = [];
    rooms.set(roomId, members);
  }
  if (members.length === 2) return send(client, { cmd: "full", roomId, userNum: 2 });
  client.uid = uid;
  client.name = name ?? null;
  client.room = roomId;
  client.candidates = 0;
  holders.set(uid, client);
  members.push(client);
  send(client, {
    cmd: "joined",
    roomId,
    uid,
    userNum: members.length,
    iceServers: [],
    resumeToken: randomBytes(16).toString("hex"),
    resumed: false,
  });
  const other = otherOf(client);
  if (other !== undefined) {
    send(client, { cmd: "resp-join", remoteUid: other.uid, name: other.name ?? undefined });
    send(other, { cmd: "new-peer", remoteUid: uid, name: client.name ?? undefined });
  }
}

function forward(client, { cmd, roomId, uid, remoteUid, msg, session }) {
  if (!isId(roomId) || !isId(uid) || !isId(remoteUid) || typeof msg !== "string") {
    return refuse(client, "bad-message", cmd);
  }
  if (msg.length > MAX_SDP_BYTES || (session !== undefined && !isId(session))) {
    return refuse(client, "too-large", cmd);
  }
  if (client.uid !== uid) return refuse(client, "uid-mismatch", cmd);
  if (client.room !== roomId) return refuse(client, "not-in-room", cmd);
  const other = otherOf(client);
  if (other === undefined || other.uid !== remoteUid) return refuse(client, "no-such-peer", cmd);
  send(other, { cmd, roomId, uid, remoteUid, msg, session });
}

function leave(client, { roomId, uid }) {
  if (client.uid !== uid) return refuse(client, "uid-mismatch", "leave");
  if (client.room === null || client.room !== roomId) return refuse(client, "not-in-room", "leave");
  send(client, { cmd: "leaved", roomId });
  vacate(client, "left");
}

function vacate(client, reason) {
  const members = rooms.get(client.room);
  const other = otherOf(client);
  members.splice(members.indexOf(client), 1);
  if (members.length === 0) rooms.delete(client.room);
  client.room = null;
  if (other !== undefined) send(other, { cmd: "peer-leave", remoteUid: client.uid, reason });
}

function otherOf(client) {
  const members = rooms.get(client.room);
  return members[0] === client ? members[1] : members[0];
}

function refuse(client, code, ref) {
  send(client, { cmd: "error", code, message: code, ref });
}

function send(client, message) {
  client.socket.send(JSON.stringify(message));
}

let turn = 0;
setInterval(() => {
  const now = performance.now();
  turn = (turn + 1) % PING_SLOTS;
  for (const socket of slots[turn]) {
    if (now - socket.heardAt > SILENCE_TIMEOUT_MS) socket.terminate();
    else socket.ping();
  }
}, PING_INTERVAL_MS / PING_SLOTS);

// Memory is compared without what only waits to be collected.
process.on("SIGUSR2", () => {
  globalThis.gc?.();
  console.log("collected");
});

http.listen(Number(process.argv[2] ?? 0), "127.0.0.1", 4096, () => {
  console.log(`listening on ws://127.0.0.1:${http.address().port}/ws`);
});

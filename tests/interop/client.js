// A browser that speaks the signaling protocol and nothing more: no keepalive, no session ids, no
// resume, no queue for early candidates. What it sees and hears goes to /result as JSON.
//
// Parameters: ws, room, codec (vp8 or h264), seconds (counted from connected), hold (keep the call
// for this long after the result), media=av|a|none, width and height of the own picture.

const parameters = new URLSearchParams(location.search);
const room = parameters.get("room");
const codec = parameters.get("codec") ?? "vp8";
const seconds = Number(parameters.get("seconds") ?? 10);
const media = parameters.get("media") ?? "av";
const uid = crypto.randomUUID();
const started = performance.now();
const log = [];

let socket;
let connection;
let remoteUid;
let stream;
let measured = false;
const result = { uid, role: null, connectedMs: null, firstFrameMs: null, error: null };

function note(text) {
  log.push(`${Math.round(performance.now() - started)} ${text}`);
  document.getElementById("state").textContent = text;
}

async function report() {
  await fetch("/result", { method: "POST", body: JSON.stringify({ ...result, log }) });
}

async function fail(text) {
  note(text);
  result.error ??= text;
  await report();
}

function send(cmd, fields = {}) {
  socket.send(JSON.stringify({ cmd, roomId: room, uid, ...fields }));
}

function forward(cmd, value) {
  send(cmd, { remoteUid, msg: JSON.stringify(value) });
}

function preferCodec(peer) {
  const wanted = `video/${codec}`.toLowerCase();
  for (const transceiver of peer.getTransceivers()) {
    if (transceiver.receiver.track.kind !== "video" || !transceiver.setCodecPreferences) continue;
    const offered = RTCRtpReceiver.getCapabilities("video").codecs;
    const first = offered.filter((entry) => entry.mimeType.toLowerCase() === wanted);
    const repair = offered.filter((entry) => /rtx|red|ulpfec|flexfec/i.test(entry.mimeType));
    if (first.length > 0) transceiver.setCodecPreferences([...first, ...repair]);
  }
}

function connect() {
  connection = new RTCPeerConnection();
  connection.onicecandidate = (event) => forward("candidate", event.candidate);
  connection.ontrack = (event) => {
    if (event.track.kind === "video") {
      const video = document.getElementById("remote");
      video.srcObject = new MediaStream([event.track]);
      video.requestVideoFrameCallback?.(() => {
        result.firstFrameMs ??= Math.round(performance.now() - started);
      });
    }
  };
  connection.onconnectionstatechange = () => {
    note(`connection ${connection.connectionState}`);
    if (connection.connectionState === "connected" && !measured) {
      measured = true;
      result.connectedMs = Math.round(performance.now() - started);
      measure().catch((error) => fail(String(error)));
    }
  };
  for (const track of stream?.getTracks() ?? []) connection.addTrack(track, stream);
}

async function snapshot() {
  const found = {};
  for (const entry of (await connection.getStats()).values()) {
    if (entry.type === "inbound-rtp" && entry.kind === "video") {
      found.framesDecoded = entry.framesDecoded;
      found.width = entry.frameWidth;
      found.height = entry.frameHeight;
      found.packetsLost = entry.packetsLost;
      found.codecId = entry.codecId;
    }
    if (entry.type === "inbound-rtp" && entry.kind === "audio") {
      found.audioPackets = entry.packetsReceived;
      found.audioEnergy = entry.totalAudioEnergy;
    }
    if (entry.type === "outbound-rtp" && entry.kind === "video") {
      found.framesEncoded = entry.framesEncoded;
    }
  }
  for (const entry of (await connection.getStats()).values()) {
    if (entry.id === found.codecId) found.codec = entry.mimeType;
  }
  return found;
}

async function measure() {
  await new Promise((done) => setTimeout(done, 2000));
  const first = await snapshot();
  const from = performance.now();
  await new Promise((done) => setTimeout(done, seconds * 1000));
  const last = await snapshot();
  const elapsed = (performance.now() - from) / 1000;
  result.fps = ((last.framesDecoded ?? 0) - (first.framesDecoded ?? 0)) / elapsed;
  result.sentFps = ((last.framesEncoded ?? 0) - (first.framesEncoded ?? 0)) / elapsed;
  result.audioPacketsPerSecond = ((last.audioPackets ?? 0) - (first.audioPackets ?? 0)) / elapsed;
  result.last = last;
  await report();
  setTimeout(() => send("leave"), Number(parameters.get("hold") ?? 0) * 1000);
}

async function describe(kind, description) {
  await connection.setLocalDescription(description);
  forward(kind, connection.localDescription);
}

const handlers = {
  joined: () => note("joined"),
  full: () => fail("the room is full"),
  error: (message) => fail(`error ${message.code}: ${message.message}`),
  "resp-join": (message) => {
    remoteUid = message.remoteUid;
    result.role ??= "second";
  },
  "new-peer": async (message) => {
    remoteUid = message.remoteUid;
    result.role ??= "first";
    connect();
    if (media !== "av") connection.addTransceiver("video", { direction: "recvonly" });
    preferCodec(connection);
    await describe("offer", await connection.createOffer());
  },
  offer: async (message) => {
    remoteUid = message.remoteUid === uid ? message.uid : (message.uid ?? remoteUid);
    if (!connection) connect();
    await connection.setRemoteDescription(JSON.parse(message.msg));
    preferCodec(connection);
    await describe("answer", await connection.createAnswer());
  },
  answer: (message) => connection.setRemoteDescription(JSON.parse(message.msg)),
  candidate: (message) => {
    const candidate = message.msg ? JSON.parse(message.msg) : null;
    return candidate ? connection.addIceCandidate(candidate) : undefined;
  },
  "media-state": (message) => note(`media-state ${message.audio} ${message.video}`),
  "peer-leave": () => {
    note("peer-leave");
    connection?.close();
    connection = undefined;
  },
};

async function main() {
  if (media !== "none") {
    const size = (name, usual) => Number(parameters.get(name) ?? usual);
    const video = media === "av" && { width: size("width", 1280), height: size("height", 720), frameRate: 30 };
    stream = await navigator.mediaDevices.getUserMedia({ audio: true, video });
  }
  socket = new WebSocket(parameters.get("ws"));
  let chain = Promise.resolve();
  socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    // One after the other, as a client without a queue must do.
    chain = chain
      .then(() => handlers[message.cmd]?.(message))
      .catch((error) => fail(`${message.cmd}: ${error}`));
  };
  socket.onclose = () => note("signaling closed");
  socket.onopen = () => send("join");
}

main().catch((error) => fail(String(error)));

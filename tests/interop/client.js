// A browser that speaks the signaling protocol and nothing more: no keepalive, no session ids, no
// resume, no queue for early candidates. What it sees and hears goes to /result as JSON, after a note
// that it has joined.
//
// Parameters: ws, room, codec (vp8 or h264 alone; without it the browser's own list), media=av|a|none,
// width and height of the own picture.
// Measured from two seconds after connected: windows of `seconds`, at most `windows` of them, until
// each picture has moved at `enough` frames a second in one of them; the result is the one in which
// most were decoded. The call goes on for `hold` seconds after it. With descriptions=1 the result
// has all session descriptions too.

const parameters = new URLSearchParams(location.search);
const room = parameters.get("room");
const codec = parameters.get("codec");
const seconds = Number(parameters.get("seconds") ?? 10);
const windows = Number(parameters.get("windows") ?? 1);
const enough = Number(parameters.get("enough") ?? 0);
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
if (parameters.has("descriptions")) result.descriptions = [];

function note(text) {
  log.push(`${Math.round(performance.now() - started)} ${text}`);
  document.getElementById("state").textContent = text;
}

async function post(value) {
  await fetch("/result", { method: "POST", body: JSON.stringify(value) });
}

async function report() {
  await post({ ...result, log });
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
  if (!codec) return;
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

const PICTURES_IN = [
  "packetsReceived",
  "packetsLost",
  "framesReceived",
  "framesDecoded",
  "framesDropped",
  "keyFramesDecoded",
  "frameWidth",
  "frameHeight",
  "pliCount",
  "firCount",
  "nackCount",
  "decoderImplementation",
];
const PICTURES_OUT = ["framesEncoded", "keyFramesEncoded", "encoderImplementation"];

function pick(entry, names) {
  return Object.fromEntries(names.map((name) => [name, entry[name]]));
}

async function snapshot() {
  const stats = await connection.getStats();
  const found = { at: performance.now(), in: {}, out: {}, audioPackets: 0 };
  for (const entry of stats.values()) {
    const codec = stats.get(entry.codecId);
    const format = { codec: codec?.mimeType, format: codec?.sdpFmtpLine };
    if (entry.type === "inbound-rtp" && entry.kind === "video") {
      found.in = { ...format, ...pick(entry, PICTURES_IN) };
    } else if (entry.type === "outbound-rtp" && entry.kind === "video") {
      found.out = { ...format, ...pick(entry, PICTURES_OUT) };
    } else if (entry.type === "inbound-rtp" && entry.kind === "audio") {
      found.audioPackets = entry.packetsReceived;
    }
  }
  return found;
}

function perSecond(first, last) {
  const rate = (value) => ((value(last) ?? 0) - (value(first) ?? 0)) / ((last.at - first.at) / 1000);
  return {
    fps: rate((seen) => seen.in.framesDecoded),
    sentFps: rate((seen) => seen.out.framesEncoded),
    audioPacketsPerSecond: rate((seen) => seen.audioPackets),
  };
}

async function measure() {
  const pause = (time) => new Promise((done) => setTimeout(done, time * 1000));
  await pause(2);
  const reached = (rate) => result.windows.some((window) => window[rate] >= enough);
  result.windows = [];
  result.last = await snapshot();
  do {
    const first = result.last;
    await pause(seconds);
    result.last = await snapshot();
    result.windows.push(perSecond(first, result.last));
  } while (result.windows.length < windows && !["fps", "sentFps"].every(reached));
  Object.assign(result, result.windows.toSorted((a, b) => b.fps - a.fps)[0]);
  await report();
  setTimeout(() => send("leave"), Number(parameters.get("hold") ?? 0) * 1000);
}

async function describe(kind, description) {
  await connection.setLocalDescription(description);
  result.descriptions?.push({ from: "page", ...connection.localDescription.toJSON() });
  forward(kind, connection.localDescription);
}

const handlers = {
  joined: async () => {
    note("joined");
    await post({ state: "joined", error: null });
  },
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
    result.descriptions?.push({ from: "other", ...JSON.parse(message.msg) });
    await connection.setRemoteDescription(JSON.parse(message.msg));
    preferCodec(connection);
    await describe("answer", await connection.createAnswer());
  },
  answer: (message) => {
    result.descriptions?.push({ from: "other", ...JSON.parse(message.msg) });
    return connection.setRemoteDescription(JSON.parse(message.msg));
  },
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

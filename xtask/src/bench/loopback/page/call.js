// A Chromium page in a call with another through duet-server, as a plain client of the protocol.
// Parameters: server, role (sender or watcher), sends, after and for (seconds).

const parameters = new URLSearchParams(location.search);
const uid = crypto.randomUUID();
const MAX_BITRATE_BPS = 2_500_000;
const seconds = (name) => Number(parameters.get(name)) * 1000;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const result = { role: parameters.get("role"), sent: [], received: [] };
let socket, connection, remoteUid, stream, joinedAt;

function send(cmd, fields = {}) {
  socket.send(JSON.stringify({ cmd, roomId: "loopback", uid, remoteUid, ...fields }));
}

// Reading on the main thread loses pictures; a worker keeps up.
function note(track, list) {
  const worker = new Worker("tap.js");
  worker.onmessage = (event) => list.push(event.data);
  const { readable } = new MediaStreamTrackProcessor({ track });
  worker.postMessage(readable, [readable]);
}

function connect() {
  connection = new RTCPeerConnection();
  connection.onicecandidate = ({ candidate }) => send("candidate", { msg: JSON.stringify(candidate) });
  connection.ontrack = ({ track }) => {
    if (track.kind !== "video") return;
    note(track.clone(), result.received);
    remote.srcObject = new MediaStream([track]);
    remote.requestVideoFrameCallback(() => (result.firstFrameMs = performance.now() - joinedAt));
  };
  connection.onconnectionstatechange = () => {
    if (connection.connectionState === "connected") measure().catch(fail);
  };
  for (const track of stream.getTracks()) connection.addTrack(track, stream);
}

async function limitBitrate() {
  const sender = connection.getSenders().find(({ track }) => track?.kind === "video");
  if (!sender) return;
  const settings = sender.getParameters();
  settings.encodings[0].maxBitrate = MAX_BITRATE_BPS;
  await sender.setParameters(settings);
}

async function framesDecoded() {
  for (const entry of (await connection.getStats()).values()) {
    if (entry.type === "inbound-rtp" && entry.kind === "video") {
      Object.assign(result, { width: entry.frameWidth, height: entry.frameHeight });
      return entry.framesDecoded;
    }
  }
  return 0;
}

async function measure() {
  await limitBitrate();
  await pause(seconds("after"));
  const before = await framesDecoded();
  const [from, skipSent, skipReceived] = [performance.now(), result.sent.length, result.received.length];
  await pause(seconds("for"));
  const decoded = (await framesDecoded()) - before;
  result.framesPerSecond = (decoded * 1000) / (performance.now() - from);
  result.received = result.received.slice(skipReceived);
  // The first received were sent before the first counted.
  result.sent = result.sent.slice(Math.max(0, skipSent - 90));
  await fetch("/result", { method: "POST", body: JSON.stringify(result) });
}

const fail = (error) => fetch("/result", { method: "POST", body: JSON.stringify({ error: String(error) }) });

async function describe(cmd) {
  await connection.setLocalDescription();
  send(cmd, { msg: JSON.stringify(connection.localDescription) });
}

const handlers = {
  "resp-join": (message) => (remoteUid = message.remoteUid),
  async "new-peer"(message) {
    remoteUid = message.remoteUid;
    joinedAt = performance.now();
    connect();
    if (parameters.get("sends") !== "true") connection.addTransceiver("video", { direction: "recvonly" });
    await describe("offer");
  },
  async offer(message) {
    connect();
    await connection.setRemoteDescription(JSON.parse(message.msg));
    await describe("answer");
  },
  answer: (message) => connection.setRemoteDescription(JSON.parse(message.msg)),
  async candidate(message) {
    const candidate = message.msg && JSON.parse(message.msg);
    if (candidate) await connection.addIceCandidate(candidate);
  },
  error: (message) => fail(`${message.code}: ${message.message}`),
};

async function main() {
  const sends = parameters.get("sends") === "true";
  const video = sends && { width: 1280, height: 720, frameRate: 30 };
  stream = await navigator.mediaDevices.getUserMedia({ audio: true, video });
  for (const track of stream.getVideoTracks()) note(track.clone(), result.sent);
  socket = new WebSocket(parameters.get("server"));
  let order = Promise.resolve();
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    order = order.then(() => handlers[message.cmd]?.(message)).catch(fail);
  };
  socket.onopen = () => {
    joinedAt = performance.now();
    send("join");
  };
}

main().catch(fail);

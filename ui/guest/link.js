/**
 * One PeerConnection and its negotiation: the first offer or its answer, then perfect negotiation (W3C WebRTC, section 10.7),
 * with the protocol's sessions.
 *
 * **Order.** What comes from the other is handled one at a time. Candidates of ours wait until their description is sent, those of
 * the other until theirs is applied.
 *
 * **Loss.** Messages vanish when a connection to the server breaks. {@link Link.sendAgain} repeats the last description and its
 * candidates; a repeated offer gets the same answer, a repeated answer changes nothing.
 */
import { parseCandidate, ufragOf, Waitlist } from './candidates.js';
import { remotePictures } from './pictures.js';

/** @typedef {'offer' | 'answer' | 'candidate'} Word */
/** @typedef {{ audio: MediaStreamTrack | null, video: MediaStreamTrack | null }} Tracks */
/**
 * @typedef {object} LinkOptions
 * @property {string} session
 * @property {boolean} polite
 * @property {RTCIceServer[]} iceServers
 * @property {Tracks} tracks what we send
 * @property {boolean} maySend false: we only watch and listen
 * @property {(word: Word, session: string, msg: string) => void} send
 * @property {() => void} onchange the state or what there is to see changed
 */

export class Link {
  /** @type {RTCPeerConnection} */
  pc;
  session;
  #options;
  #polite;
  #stream = new MediaStream();
  /** @type {Record<'audio' | 'video', RTCRtpTransceiver | undefined>} */
  #senders = { audio: undefined, video: undefined };
  /** @type {Tracks} */
  #tracks;
  /** The stream each received track came in. @type {Map<RTCRtpTransceiver, string>} */
  #streams = new Map();
  #makingOffer = false;
  #ignoresOffer = false;
  #closed = false;
  /** @type {Promise<void>} */
  #chain = Promise.resolve();
  #early = new Waitlist();
  #unsent = new Waitlist();
  #sentUfrag = '';
  /** What belongs to our last description, to be sent again. @type {{ word: Word, msg: string }[]} */
  #sent = [];
  #lastOffer = '';

  /** @param {LinkOptions} options */
  constructor(options) {
    this.#options = options;
    this.session = options.session;
    this.#polite = options.polite;
    this.#tracks = { ...options.tracks };
    this.pc = new RTCPeerConnection({ iceServers: options.iceServers });
    this.pc.onicecandidate = ({ candidate }) => this.#gathered(candidate);
    this.pc.onnegotiationneeded = () => void this.#offer();
    this.pc.ontrack = ({ transceiver, streams }) => {
      this.#streams.set(transceiver, streams[0]?.id ?? '');
      options.onchange();
    };
    this.pc.onconnectionstatechange = options.onchange;
  }

  /** Makes the first offer: everything is offered at once, so that turning a camera on later needs no negotiation. */
  begin() {
    const direction = this.#options.maySend ? 'sendrecv' : 'recvonly';
    for (const kind of /** @type {const} */ (['audio', 'video'])) {
      const track = this.#tracks[kind];
      this.#senders[kind] = this.pc.addTransceiver(track ?? kind, { direction, streams: [this.#stream] });
    }
  }

  /** What there is to see and hear. */
  pictures() {
    return remotePictures(this.pc.getTransceivers(), this.#streams);
  }

  /**
   * Sends another track, or none, without negotiation where the other side knows the medium already.
   *
   * @param {'audio' | 'video'} kind
   * @param {MediaStreamTrack | null} track
   */
  async setTrack(kind, track) {
    this.#tracks[kind] = track;
    const transceiver = this.#senders[kind];
    if (transceiver !== undefined) await transceiver.sender.replaceTrack(track);
    else if (track !== null && this.#options.maySend && this.pc.remoteDescription !== null) {
      this.#senders[kind] = this.pc.addTransceiver(track, { direction: 'sendrecv', streams: [this.#stream] });
    }
  }

  /**
   * A description or candidate of the other. Faults in it are theirs; the call goes on with what is agreed.
   *
   * @param {Word} word
   * @param {unknown} msg
   */
  receive(word, msg) {
    this.#chain = this.#chain.then(() => this.#handle(word, msg)).catch((error) => console.debug(word, error.name));
  }

  /** Looks for another path. */
  restart() {
    if (!this.#closed) this.pc.restartIce();
  }

  /** Repeats what the other may have missed. */
  sendAgain() {
    for (const { word, msg } of this.#sent) this.#options.send(word, this.session, msg);
  }

  /** @param {RTCIceServer[]} iceServers */
  setIceServers(iceServers) {
    this.pc.setConfiguration({ iceServers });
  }

  close() {
    this.#closed = true;
    this.pc.onicecandidate = this.pc.onnegotiationneeded = this.pc.ontrack = this.pc.onconnectionstatechange = null;
    this.pc.close();
  }

  async #offer() {
    if (this.#closed || this.pc.signalingState !== 'stable') return;
    this.#makingOffer = true;
    try {
      await this.pc.setLocalDescription();
      this.#describe();
    } catch (error) {
      console.debug('offer', /** @type {Error} */ (error).name);
    } finally {
      this.#makingOffer = false;
    }
  }

  /**
   * @param {Word} word
   * @param {unknown} msg
   */
  async #handle(word, msg) {
    if (this.#closed || typeof msg !== 'string') return;
    if (word === 'candidate') await this.#addCandidate(msg);
    else if (word === 'offer') await this.#answer(msg);
    else if (this.pc.signalingState === 'have-local-offer') {
      await this.pc.setRemoteDescription(JSON.parse(msg));
      await this.#described();
    }
  }

  /** @param {string} msg */
  async #answer(msg) {
    if (msg === this.#lastOffer && this.pc.signalingState === 'stable') {
      if (this.#sent[0]?.word === 'answer') this.sendAgain();
      return;
    }
    const collides = this.#makingOffer || this.pc.signalingState !== 'stable';
    this.#ignoresOffer = collides && !this.#polite;
    if (this.#ignoresOffer) return;
    await this.pc.setRemoteDescription(JSON.parse(msg));
    this.#lastOffer = msg;
    await this.#claim();
    await this.pc.setLocalDescription();
    this.#describe();
    await this.#described();
  }

  /** Sends on the first audio and video section of the other's offer; later ones (the camera beside a screen) are only watched. */
  async #claim() {
    const free = this.pc.getTransceivers().filter(({ mid, currentDirection }) => mid !== null && currentDirection !== 'stopped');
    for (const kind of /** @type {const} */ (['audio', 'video'])) {
      if (this.#senders[kind] !== undefined) continue;
      const transceiver = free.find(({ receiver }) => receiver.track.kind === kind);
      if (transceiver === undefined) continue;
      this.#senders[kind] = transceiver;
      transceiver.direction = this.#options.maySend ? 'sendrecv' : 'recvonly';
      transceiver.sender.setStreams?.(this.#stream);
      await transceiver.sender.replaceTrack(this.#tracks[kind]);
    }
  }

  /** Our description is set: it goes out, then the candidates that waited for it. */
  #describe() {
    const description = this.pc.localDescription;
    if (this.#closed || description === null) return;
    const word = /** @type {Word} */ (description.type);
    const ufrag = ufragOf(description.sdp);
    const candidates = ufrag === this.#sentUfrag ? this.#sent.filter((sent) => sent.word === 'candidate') : [];
    // And this page shows a second picture.
    const msg = JSON.stringify({ type: description.type, sdp: description.sdp, tile: true });
    this.#sent = [{ word, msg }, ...candidates];
    this.#sentUfrag = ufrag;
    this.#options.send(word, this.session, msg);
    for (const json of this.#unsent.take(ufrag)) this.#sendCandidate(json);
    this.#unsent.clear();
  }

  /** @param {RTCIceCandidate | null} candidate */
  #gathered(candidate) {
    // The end of the list tells the other nothing it needs, and plain clients stumble over it.
    if (candidate === null || candidate.candidate === '') return;
    const ufrag = candidate.usernameFragment;
    const json = JSON.stringify(candidate);
    if (this.#sentUfrag !== '' && (ufrag === null || ufrag === this.#sentUfrag)) this.#sendCandidate(json);
    else this.#unsent.add({ key: ufrag, json });
  }

  /** @param {string} msg */
  #sendCandidate(msg) {
    this.#sent.push({ word: 'candidate', msg });
    this.#options.send('candidate', this.session, msg);
  }

  /** @param {string} msg */
  async #addCandidate(msg) {
    const candidate = parseCandidate(msg);
    if (candidate === null) return;
    const ufrag = ufragOf(this.pc.remoteDescription?.sdp);
    if (ufrag === '' || (candidate.ufrag !== null && candidate.ufrag !== ufrag)) this.#early.add({ key: candidate.ufrag, json: msg });
    else await this.pc.addIceCandidate(candidate.init);
  }

  /** The other's description is applied: what waited for it follows. */
  async #described() {
    for (const json of this.#early.take(ufragOf(this.pc.remoteDescription?.sdp))) {
      await this.pc.addIceCandidate(JSON.parse(json)).catch(() => undefined);
    }
    this.#options.onchange();
  }
}

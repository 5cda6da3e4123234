/**
 * Our own camera, microphone and speaker: opening, choosing, switching, losing. Knows no network: whoever sends is told of tracks.
 *
 * A camera that is off is closed, so that its light goes out. A muted microphone stays open and codes silence, so that speaking
 * again cuts nothing off.
 */
import { recall, remember } from './memory.js';

/** @typedef {'camera' | 'microphone' | 'speaker'} Kind */
/** @typedef {'camera' | 'microphone'} Source */
/** @typedef {'noneFound' | 'inUse' | 'notAllowed' | 'failed'} Problem */
/**
 * @typedef {object} SourceState
 * @property {boolean} on what the person wants
 * @property {MediaStreamTrack | null} track
 * @property {Problem | null} problem
 */

const MEDIA = /** @type {const} */ ({ camera: 'video', microphone: 'audio' });
const INPUT_KINDS = /** @type {const} */ ({ camera: 'videoinput', microphone: 'audioinput', speaker: 'audiooutput' });

/** A page without TLS has no devices at all (W3C Media Capture, section 9.2). */
export const hasDevices = () => window.isSecureContext && navigator.mediaDevices !== undefined;

/** Whether sound can be sent to a chosen speaker. */
export const canPickSpeaker = () => 'setSinkId' in HTMLMediaElement.prototype;

export class Media {
  /** @type {SourceState} */
  camera = { on: true, track: null, problem: null };
  /** @type {SourceState} */
  microphone = { on: true, track: null, problem: null };
  /** @type {MediaDeviceInfo[]} */
  devices = [];
  /** The ids that were picked; empty is the system's choice. @type {Record<Kind, string>} */
  picked = { camera: recall('camera'), microphone: recall('microphone'), speaker: recall('speaker') };
  /** Something to show changed. */
  onchange = () => {};
  /** Another track is to be sent. @type {(source: Source, track: MediaStreamTrack | null) => void} */
  ontrack = () => {};
  /** A device went away, and this one is used instead. @type {(source: Source, name: string, fallback: string | null) => void} */
  onlost = () => {};
  /** Only the newest opening of a device counts. @type {Record<Source, number>} */
  #openings = { camera: 0, microphone: 0 };

  /** Opens both for the preview. The browser asks once. */
  async start() {
    if (!hasDevices()) return;
    navigator.mediaDevices.addEventListener('devicechange', () => void this.refresh());
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: this.#wish('camera', this.picked.camera), audio: this.#wish('microphone', this.picked.microphone) });
      this.#take('camera', stream.getVideoTracks()[0] ?? null);
      this.#take('microphone', stream.getAudioTracks()[0] ?? null);
      this.onchange();
    } catch (error) {
      if (problemOf(error) === 'notAllowed') {
        // The person said no; asking again for each would only nag.
        this.camera.problem = this.microphone.problem = 'notAllowed';
      } else {
        await this.open('microphone');
        await this.open('camera');
      }
    }
    await this.refresh();
  }

  /**
   * Opens a device, the picked one if there is one. Keeps what is open if that fails for a reason that a retry may mend.
   *
   * @param {Source} source
   */
  async open(source) {
    if (!hasDevices()) return;
    const opening = ++this.#openings[source];
    const state = this[source];
    /** @type {MediaStreamTrack | null} */
    let track = null;
    /** @type {Problem | null} */
    let problem = null;
    try {
      track = await this.#find(source);
    } catch (error) {
      problem = problemOf(error);
    }
    const isWanted = opening === this.#openings[source] && (source === 'microphone' || state.on);
    if (!isWanted) {
      track?.stop();
      return;
    }
    state.problem = problem;
    this.#take(source, track);
    this.onchange();
    await this.refresh();
  }

  /** @param {boolean} on */
  async setMicrophone(on) {
    this.microphone.on = on;
    if (this.microphone.track !== null) this.microphone.track.enabled = on;
    this.onchange();
    if (on && this.microphone.track === null) await this.open('microphone');
  }

  /** @param {boolean} on */
  async setCamera(on) {
    this.camera.on = on;
    if (on) {
      await this.open('camera');
      return;
    }
    this.#openings.camera += 1;
    this.camera.problem = null;
    this.#take('camera', null);
    this.onchange();
  }

  /**
   * Uses another device, also during a call. Turns nothing on.
   *
   * @param {Kind} kind
   * @param {string} id empty is the system's choice
   */
  async pick(kind, id) {
    this.picked[kind] = id;
    remember(kind, id);
    this.onchange();
    if (kind !== 'speaker' && (kind === 'microphone' || this.camera.on)) await this.open(kind);
  }

  /**
   * Plays through the picked speaker, where the browser can.
   *
   * @param {HTMLMediaElement} element
   */
  async route(element) {
    if (!canPickSpeaker() || element.sinkId === this.picked.speaker) return;
    // A speaker that is gone leaves the sound where it is.
    await element.setSinkId(this.picked.speaker).catch(() => undefined);
  }

  async refresh() {
    if (!hasDevices()) return;
    this.devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    for (const source of /** @type {const} */ (['camera', 'microphone'])) {
      const hasAppeared = this[source].problem === 'noneFound' && this.list(source).length > 0;
      // A device that is plugged in turns nothing on; it only ceases to be missing.
      if (hasAppeared) this[source].problem = null;
    }
    this.onchange();
  }

  /**
   * The devices of a kind; the browser names them once one may be used.
   *
   * @param {Kind} kind
   */
  list(kind) {
    const ofKind = this.devices.filter((device) => device.kind === INPUT_KINDS[kind] && device.deviceId !== '');
    return ofKind.filter(({ deviceId }) => deviceId !== 'default' && deviceId !== 'communications');
  }

  /** Opens again what {@link stop} closed, as the person last wanted it. */
  openAgain() {
    if (this.microphone.track === null && this.microphone.on && this.microphone.problem === null) void this.open('microphone');
    if (this.camera.track === null && this.camera.on && this.camera.problem === null) void this.open('camera');
  }

  /** Closes everything. */
  stop() {
    this.#openings.camera += 1;
    this.#openings.microphone += 1;
    this.#take('camera', null);
    this.#take('microphone', null);
  }

  /**
   * The picked device, or the system's choice while that one is away.
   *
   * @param {Source} source
   */
  async #find(source) {
    const open = async (/** @type {string} */ id) => {
      const stream = await navigator.mediaDevices.getUserMedia({ [MEDIA[source]]: this.#wish(source, id) });
      return stream.getTracks()[0] ?? null;
    };
    const id = this.picked[source];
    if (id === '') return open('');
    return open(id).catch((error) => {
      if (problemOf(error) !== 'noneFound') throw error;
      return open('');
    });
  }

  /**
   * @param {Source} source
   * @param {string} id
   */
  #wish(source, id) {
    const device = id === '' ? {} : { deviceId: { exact: id } };
    if (source === 'microphone') return { ...device, echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    return { ...device, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
  }

  /**
   * @param {Source} source
   * @param {MediaStreamTrack | null} track
   */
  #take(source, track) {
    const state = this[source];
    if (state.track !== null) {
      state.track.onended = null;
      state.track.stop();
    }
    state.track = track;
    if (track !== null) {
      if (source === 'microphone') track.enabled = state.on;
      track.onended = () => void this.#lose(source, track);
    }
    this.ontrack(source, track);
  }

  /**
   * @param {Source} source
   * @param {MediaStreamTrack} track
   */
  async #lose(source, track) {
    const name = track.label;
    this.#take(source, null);
    await this.open(source);
    this.onlost(source, name, this[source].track?.label ?? null);
  }
}

/**
 * @param {unknown} error of getUserMedia
 * @returns {Problem}
 */
export function problemOf(error) {
  switch (/** @type {Error} */ (error).name) {
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'noneFound';
    case 'NotAllowedError':
    case 'SecurityError':
      return 'notAllowed';
    case 'NotReadableError':
    case 'AbortError':
      return 'inUse';
    default:
      return 'failed';
  }
}

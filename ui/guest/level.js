/** How loud the own microphone is, for its row: 0 to 1, ten times a second while somebody looks. */
import { levelRatio } from '../src/names.js';

const INTERVAL_MS = 100;

/**
 * @param {() => MediaStreamTrack | null} trackOf
 * @param {(level: number) => void} show
 * @returns {() => void} ends it
 */
export function watchLevel(trackOf, show) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  const samples = new Float32Array(analyser.fftSize);
  /** @type {MediaStreamTrack | null} */
  let track = null;
  /** @type {MediaStreamAudioSourceNode | undefined} */
  let source;
  const timer = setInterval(() => {
    if (trackOf() !== track) {
      track = trackOf();
      source?.disconnect();
      source = track === null ? undefined : context.createMediaStreamSource(new MediaStream([track]));
      source?.connect(analyser);
    }
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    show(source === undefined ? 0 : levelRatio(10 * Math.log10(power + 1e-12)));
  }, INTERVAL_MS);
  return () => {
    clearInterval(timer);
    source?.disconnect();
    void context.close();
  };
}

/** The picker of one kind: the design's device row, with the browser's own menu in it. */
import { fillWith, h, icon, say, set } from './dom.js';
import { canPickSpeaker, hasDevices } from './media.js';
import { t } from './words.js';

/** @typedef {import('./media.js').Kind} Kind */

const ICONS = /** @type {const} */ ({ camera: 'cam', microphone: 'mic', speaker: 'speaker' });

/**
 * @param {Kind} kind
 * @param {import('./media.js').Media} media
 */
export function deviceRow(kind, media) {
  const id = `pick-${kind}`;
  const caption = h('label', { class: 'k', for: id });
  const select = h('select', { id, 'data-testid': id, onchange: () => void media.pick(kind, select.value) });
  const retry = h('button', { class: 'ib sm again', type: 'button', 'aria-label': t('common.retry'), 'data-testid': `retry-${kind}`, onclick: () => retryDevice(kind, media) }, icon('refresh', 16));
  const root = h('div', { class: 'dev', 'data-testid': `row-${kind}` }, icon(ICONS[kind]), h('div', { class: 'txt' }, caption, select), retry, icon('down', 16));
  let shown = '';

  function update() {
    const problem = problemOf(kind, media);
    const choices = choicesOf(kind, media);
    const key = JSON.stringify(choices);
    // A menu that is open must not be rebuilt under the person's hand.
    if (key !== shown) fillWith(select, ...choices.map(({ value, text }) => h('option', { value }, text)));
    shown = key;
    select.value = choices.some(({ value }) => value === media.picked[kind]) ? media.picked[kind] : '';
    select.disabled = choices.length < 2 && problem !== null;
    say(caption, problem === null ? t(`device.${kind}`) : `${t(`device.${kind}`)} · ${t(`device.problem.${problem}`)}`);
    root.classList.toggle('bad', problem !== null && problem !== 'noneFound');
    root.classList.toggle('warn', problem === 'noneFound');
    root.classList.toggle('muted', kind === 'microphone' && !media.microphone.on);
    set(retry, { hidden: problem === null || problem === 'noneFound' });
  }

  /** @param {number} level 0 to 1 */
  function showLevel(level) {
    root.style.setProperty('--level', level.toFixed(2));
  }

  update();
  return { root, update, showLevel };
}

/**
 * Whether there is anything to pick: a speaker only where the browser sends sound to a chosen one.
 *
 * @param {Kind} kind
 */
export const isPickable = (kind) => hasDevices() && (kind !== 'speaker' || canPickSpeaker());

/**
 * @param {Kind} kind
 * @param {import('./media.js').Media} media
 */
function retryDevice(kind, media) {
  if (kind !== 'speaker') void media.open(kind);
}

/**
 * @param {Kind} kind
 * @param {import('./media.js').Media} media
 */
function problemOf(kind, media) {
  return kind === 'speaker' ? null : media[kind].problem;
}

/**
 * @param {Kind} kind
 * @param {import('./media.js').Media} media
 */
function choicesOf(kind, media) {
  const list = media.list(kind).map(({ deviceId, label }, index) => ({ value: deviceId, text: label || `${t(`device.${kind}`)} ${index + 1}` }));
  return [{ value: '', text: t('common.systemDefault') }, ...list];
}

/** Texts beside the call. They are text nodes, whatever they look like. */
import { fillWith, h, icon, say } from './dom.js';
import { maySend } from './chat.js';
import { language, t } from './words.js';

/** @typedef {import('./call.js').Call} Call */
/** @typedef {import('./chat.js').Text} Text */

/**
 * @param {Call} call
 * @param {() => void} onclose
 */
export function chatPanel(call, onclose) {
  const list = h('div', { class: 'texts', role: 'log', 'aria-live': 'polite', 'data-testid': 'chat-log' });
  const scroll = h('div', { class: 'log scroll', tabindex: 0, 'aria-label': t('chat.title') }, h('p', { class: 'day' }, t('guest.chat.notKept')), list);
  const input = h('textarea', { rows: 1, 'data-testid': 'chat-field', onkeydown: (/** @type {KeyboardEvent} */ event) => key(event) });
  const send = h('button', { class: 'ib send', type: 'submit', 'aria-label': t('chat.send'), 'data-testid': 'chat-send' }, icon('send', 20));
  const hint = h('p', { class: 'hint bad', role: 'alert', hidden: true }, t('guest.chat.tooLong'));
  const form = h(
    'form',
    {
      onsubmit: (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        submit();
      },
    },
    h('div', { class: 'field' }, input, send),
    hint,
  );
  const close = h('button', { class: 'ib sm', type: 'button', 'aria-label': t('common.close'), 'data-testid': 'chat-close', onclick: onclose }, icon('x', 16));
  const root = h('aside', { class: 'chat docked', 'aria-label': t('chat.title'), 'data-testid': 'chat' }, h('div', { class: 'sec' }, h('h2', {}, t('chat.title')), close), scroll, form);
  let shown = '';

  function submit() {
    const content = input.value;
    const isTooLong = content.trim() !== '' && !maySend(content);
    hint.hidden = !isTooLong;
    if (!maySend(content)) return;
    call.write(content);
    input.value = '';
    input.focus();
  }

  /** @param {KeyboardEvent} event */
  function key(event) {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  }

  function update() {
    const name = call.peer?.name || t('common.someone');
    const label = t('chat.placeholder', { name });
    if (input.placeholder !== label) {
      input.placeholder = label;
      input.setAttribute('aria-label', label);
    }
    // Without anybody there, a text could not be delivered.
    input.disabled = send.disabled = !call.isLive && call.kind !== 'connecting';
    const key = call.chat.texts.map(({ id, state }) => id + state).join();
    if (key === shown) return;
    shown = key;
    fillWith(list, ...call.chat.texts.map((text) => item(text)));
    scroll.scrollTop = scroll.scrollHeight;
  }

  update();
  return { root, update, focus: () => input.focus() };
}

/** @param {Text} text */
function item({ mine, name, content, time, state }) {
  const who = mine ? t('common.you') : name || t('common.someone');
  const clock = time === null ? '' : new Intl.DateTimeFormat(language(), { hour: '2-digit', minute: '2-digit', hour12: false }).format(time);
  const by = h('span', { class: `by${mine ? ' mine' : ''}` });
  say(by, clock === '' ? who : `${who} · ${clock}`);
  const body = h('p', { class: `msg${mine ? ' mine' : ''}${state === 'failed' ? ' fail' : ''}`, 'data-testid': 'chat-text', 'data-state': state });
  say(body, content);
  const failed = state === 'failed' && h('span', { class: 'by bad' }, icon('warn', 16), t('guest.chat.failed'));
  return h('div', { class: 'text' }, by, body, failed);
}

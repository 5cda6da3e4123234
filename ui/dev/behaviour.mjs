/** What keys and pointers do on real components, and what both renderers draw. */
import { colourAt } from './person.mjs';
import { variants } from './variants.mjs';

export async function checkBehaviour({ openPage, frames, fault }) {
  const page = await openPage(variants[0]);
  const show = (name, renderer = 'canvas2d') =>
    page.evaluate(([fixture, options]) => window.duet.show(fixture, options), [name, { ...variants[0].options, renderer }]);
  const calls = () => page.evaluate(() => window.duet.calls.splice(0));
  const expect = (what, got, wanted) => {
    if (JSON.stringify(got) !== JSON.stringify(wanted)) fault(`${what}: ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`);
  };

  await show('call');
  await calls();
  for (const key of ['m', 'v', 'i', 'Control+Shift+h']) await page.keyboard.press(key);
  expect('keys of a call', await calls(), ['setMicrophone(false)', 'setCamera(false)', 'setStatisticsOpen(true)', 'leave()']);

  // Down and up in one task: shorter than any hold, however slow the machine.
  await page.evaluate(() => {
    for (const type of ['keydown', 'keyup']) document.body.dispatchEvent(new KeyboardEvent(type, { key: ' ', bubbles: true, cancelable: true }));
  });
  expect('a tap on Space', await calls(), []);
  await page.keyboard.down('Space');
  await page.waitForFunction(() => window.duet.calls.length > 0);
  await page.keyboard.up('Space');
  expect('Space held', await calls(), ['setMicrophone(false)', 'setMicrophone(true)']);

  await page.keyboard.press('Tab');
  const path = [];
  for (const key of ['ArrowRight', 'ArrowRight', 'End', 'Home', 'Tab']) {
    await page.keyboard.press(key);
    path.push(await page.evaluate(() => document.activeElement?.getAttribute('data-testid') ?? document.activeElement?.className));
  }
  expect('toolbar', path, ['microphone-menu', 'toggle-camera', 'leave', 'toggle-microphone', 'hold']);
  await page.keyboard.press('ArrowUp');
  expect('tile moved by arrow', await page.getByTestId('self-tile').getAttribute('data-corner'), 'top-right');
  await page.keyboard.press('Enter');
  expect('swapped', await page.locator('.full [data-testid=video-local]').count(), 1);

  const push = (video, tile) => page.evaluate(([state, beside]) => window.duet.pushPeer({ video: state, tile: beside }), [video, tile]);
  const inFull = (testid) => page.locator(`.full [data-testid=${testid}]`).count();
  await push('screen', true);
  expect('a screen arrives and is large', [await inFull('video-remote'), await inFull('video-local')], [1, 0]);
  expect('with the camera beside it', await page.getByTestId('peer-tile').locator('[data-testid=video-tile]').count(), 1);
  await page.getByTestId('swap-peer').focus();
  await page.keyboard.press('Enter');
  expect('the camera large', [await inFull('video-tile'), await page.getByTestId('peer-tile').locator('[data-testid=video-remote]').count()], [1, 1]);
  await push('screen', false);
  expect('a camera that went', [await inFull('video-remote'), await page.getByTestId('peer-tile').count()], [1, 0]);
  await push('on', false);
  await page.locator('body').click({ position: { x: 600, y: 400 } });

  await page.getByTestId('microphone-menu').focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  expect('menu picks', await calls(), ['selectDevice("microphone", "m1")']);
  expect('menu stays', await page.getByTestId('menu-microphone').count(), 1);
  await page.keyboard.press('Escape');
  expect('menu closed', await page.getByTestId('menu-microphone').count(), 0);
  expect('focus is back', await page.evaluate(() => document.activeElement?.getAttribute('data-testid')), 'microphone-menu');
  expect('Esc hangs up nobody', await calls(), []);

  await page.keyboard.press('?');
  expect('key sheet', await page.getByTestId('key-sheet').count(), 1);
  await page.keyboard.press('Escape');
  expect('key sheet closed', await page.getByTestId('key-sheet').count(), 0);

  await show('call');
  await calls();
  await page.keyboard.press('c');
  expect('C opens the chat', await calls(), ['openChat(null)']);
  await show('call-chat');
  await calls();
  expect('the chat has the focus', await page.evaluate(() => document.activeElement?.getAttribute('data-testid')), 'chat-field');
  await page.keyboard.type('mc hello');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('there');
  await page.keyboard.press('Enter');
  expect('Enter sends, letters do nothing else', await calls(), ['sendText("mc hello\\nthere")']);
  await page.getByTestId('message-again').click();
  await page.locator('.msg a').click();
  expect('send again, and a link', await calls(), ['retryText(5)', 'openLink("https://example.org/draft-3")']);
  await page.keyboard.press('Escape');
  expect('Esc closes the chat', await calls(), ['closeChat()']);
  await page.getByTestId('chat-field').fill('長'.repeat(1366));
  await page.keyboard.press('Enter');
  expect('4098 bytes are not sent', [await calls(), await page.getByTestId('chat-send').isDisabled()], [[], true]);

  await show('incoming-window');
  await calls();
  await page.keyboard.press('Enter');
  expect('a key that was meant for another program answers nothing', await calls(), []);
  await page.waitForTimeout(750);
  await page.keyboard.press('Enter');
  expect('Accept has the focus', await calls(), ['answerCall(true)']);
  await show('incoming-window');
  await calls();
  for (const id of ['silence', 'accept-audio']) await page.getByTestId(id).click();
  expect('silence, then without camera', await calls(), ['silenceCall()', 'answerCall(false)']);
  await show('home');
  await calls();
  await page.getByTestId('person-audio').first().click();
  await page.getByTestId('person-chat').nth(1).click();
  expect('people', await calls(), ['callPerson("1", "audio")', 'openChat("2")']);

  await show('settings-sharing');
  await calls();
  await page.keyboard.press('s');
  await page.getByTestId('share-stop').click();
  expect('S and the marker stop the sharing, also in the settings', await calls(), ['share(null, "")', 'share(null, "")']);
  await show('presenting');
  await calls();
  await page.keyboard.press('s');
  expect('S stops on the presenter too', await calls(), ['share(null, "")']);
  await show('sharing-window');
  await calls();
  await page.getByTestId('sharing-window-stop').click();
  expect('the marker above all windows', await calls(), ['stopSharing()']);
  await show('declined');
  await calls();
  await page.getByTestId('unanswered-write').click();
  expect('a message instead of a call', await calls(), ['openChat("1")']);
  await show('home-missed');
  await calls();
  await page.getByTestId('toast-open').click();
  await page.getByTestId('recent-call').first().click({ force: true });
  expect('open a message, call back as they called', await calls(), ['actOnNotice(2, "open")', 'callName("Priya Raman", "audio")']);
  await show('joining');
  await calls();
  await page.getByTestId('toggle-share').click({ force: true });
  const waits = page.getByTestId('toggle-share');
  expect('why nothing can be shown yet', [await calls(), await waits.getAttribute('data-tip')], [[], 'Sharing starts when you are connected']);
  await show('share-picked');
  await calls();
  await page.getByTestId('share-confirm').click();
  expect('what the system\'s dialog gave is shown as it is', await calls(), ['share("screen:portal-1", "Your choice")']);
  await show('share-cancelled');
  expect('a dialog closed without a choice closes the picker too', await page.getByTestId('share-picker').count(), 0);
  await show('settings-token');
  await calls();
  await page.getByTestId('setting-token').fill('a.b');
  await page.keyboard.press('Enter');
  await page.getByTestId('setting-token-forget').click();
  expect('a token', await calls(), ['setServerToken("a.b")', 'setServerToken("")']);

  await show('home');
  await calls();
  await page.keyboard.type('mv amber room');
  await page.keyboard.press('Enter');
  expect('typing in the field', await calls(), ['openLobby("mv amber room")']);
  await show('lobby');
  await calls();
  await page.keyboard.press('Shift+Enter');
  const off = { name: 'Mira Lindqvist', microphoneOn: false, cameraOn: false };
  expect('Shift Enter', await calls(), [`join(${JSON.stringify(off)})`]);
  await show('lobby');
  await page.keyboard.press('Enter');
  expect('Enter', await calls(), [`join(${JSON.stringify({ ...off, microphoneOn: true, cameraOn: true })})`]);

  for (const renderer of ['canvas2d', 'webgl2']) {
    await show('call', renderer);
    const drawn = await page.waitForFunction((kind) => window.__duetFrames.counts().renderer === kind && document.querySelector('.full canvas').width > 300, renderer, { timeout: 5000 }).catch(() => null);
    if (!drawn) {
      fault(`${renderer}: nothing was drawn`);
      continue;
    }
    const [width, height, picture] = await page.evaluate(() => {
      const source = document.querySelector('.full canvas');
      const copy = new OffscreenCanvas(source.width, source.height).getContext('2d');
      copy.drawImage(source, 0, 0);
      return [source.width, source.height, [...copy.getImageData(0, 0, source.width, source.height).data]];
    });
    for (const [x, y] of [[0.5, 0.4], [0.5, 0.9], [0.05, 0.1], [0.95, 0.95]]) {
      const wanted = colourAt(1, x, y);
      const at = (Math.floor(y * height) * width + Math.floor(x * width)) * 4;
      const off = Math.max(...wanted.map((value, channel) => Math.abs(value - picture[at + channel])));
      if (off > 4) fault(`${renderer}: colour at ${x},${y} is off by ${off}`);
    }
  }

  await page.waitForTimeout(1000);
  const figures = await page.evaluate(() => ({ ...window.__duetFrames.counts(), drawn: window.__duetFrames.drawn().length }));
  if (figures.drawn === 0 || figures.broken !== 0) fault(`frame figures: ${JSON.stringify(figures)}`);
  await page.waitForTimeout(500);
  for (const stream of [0, 1, 2]) {
    const open = frames.log.sent[stream] - frames.log.credits[stream];
    if (frames.log.credits[stream] === 0) fault(`stream ${stream}: no credit came back`);
    console.log(`stream ${stream}: ${frames.log.sent[stream]} frames sent, ${open} without credit (closed pages)`);
  }
  await show('ended');
  await page.waitForTimeout(200);
  expect('nothing is asked for when nothing is shown', [...frames.log.sizes.values()], ['0x0', '0x0', '0x0']);
  await page.close();
}

/**
 * Every hostile text as name and as message through the real components, in a real browser under the product's CSP. What a text shows
 * must have the same elements as a harmless one of its kind, but for links of the allow-list that show their whole address.
 */
import { variants } from './variants.mjs';

const MIN_TEXTS = 500;

export async function checkHostileTexts({ openPage, fault }) {
  const page = await openPage(variants[0]);
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  page.on('dialog', (dialog) => {
    fault(`a dialog opened: ${dialog.message()}`);
    void dialog.dismiss();
  });
  const { faults, texts, links, screens, shownSources } = await page.evaluate(
    async (options) => {
      const { hostile, showWith, plain } = window.duet;
      const faults = [];
      const attributes = new Set(['href', 'src', 'srcdoc', 'action', 'formaction', 'xlink:href', 'data', 'style']);
      let links = 0;
      let shownSources = 0;
      // The outline of the page without links: names of elements in their order, and no attribute that could run.
      const outline = () => {
        const found = [];
        for (const element of document.body.querySelectorAll('*')) {
          const name = element.localName;
          if (name === 'script') continue;
          if (name === 'a') {
            links += 1;
            const href = element.getAttribute('href');
            if (!/^https?:\/\/[!-~]+$/i.test(href) || element.textContent !== href) faults.push(`a link ${href} that shows ${element.textContent}`);
            continue;
          }
          found.push(name);
          for (const { name: attribute, value } of element.attributes) {
            if (attribute.startsWith('on')) faults.push(`an attribute ${attribute}=${value}`);
            if (attributes.has(attribute) && /script|data:|evil/i.test(value)) faults.push(`an attribute ${attribute}=${value}`);
          }
        }
        return found.join(' ');
      };
      const screens = ['home', 'lobby', 'call', 'calling', 'unanswered', 'ended', 'failed', 'room-full', 'display', 'presenting', 'share-picker', 'incoming', 'sharing'];
      for (const screen of screens) {
        await showWith(screen, plain, options);
        const wanted = outline();
        for (const text of hostile) {
          await showWith(screen, text, options);
          shownSources += document.querySelectorAll('[data-testid=share-source]').length;
          const got = outline();
          if (got !== wanted) faults.push(`${screen} has other elements with ${JSON.stringify(text.slice(0, 80))}`);
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 300));
      if (window.__ran) faults.push('a script ran');
      return { faults, texts: hostile.length, links, screens: screens.length, shownSources };
    },
    variants[0].options,
  );
  for (const text of faults.slice(0, 20)) fault(`hostile text: ${text}`);
  if (texts < MIN_TEXTS) fault(`only ${texts} hostile texts`);
  if (shownSources < texts) fault('the picker showed no windows: the check looks at nothing');
  if (links === 0) fault('no link was made: the check looks at nothing');
  const outside = asked.filter((url) => !/^(http|ws):\/\/127\.0\.0\.1/.test(url));
  if (outside.length > 0) fault(`asked for ${outside.slice(0, 3).join(', ')}`);
  console.log(`${texts} hostile texts on ${screens} screens, ${links} links`);
  await page.close();
}

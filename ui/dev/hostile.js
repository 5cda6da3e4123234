/**
 * Texts that strangers may send as names and messages, made systematically: every way to start a script or an element that we know of,
 * inside every way to break out of where a text stands. Written for Duet; the ways are common knowledge of the OWASP cheat sheets,
 * no list was copied. Each would set `window.__ran` if it ran.
 *
 * Plain JavaScript without imports: the tests of the guest page and of the real window (`tests/src/hostile.rs`) run this file as it is.
 */
const RUN = 'window.__ran=1';

/** Elements and attributes that run or fetch something. @type {readonly string[]} */
const vectors = [
  `<script>${RUN}</script>`, `<ScRiPt>${RUN}</sCrIpT>`, `<script src="data:text/javascript,${RUN}"></script>`, `<script type=module>${RUN}</script>`,
  `<img src=x onerror=${RUN}>`, `<img/src/onerror=${RUN}>`, `<IMG SRC=x ONERROR="${RUN}">`, `<img src=x onerror=&#119;indow.__ran=1>`,
  `<svg onload=${RUN}>`, `<svg/onload=${RUN}>`, `<svg><script>${RUN}</script></svg>`, `<svg><animate onbegin=${RUN} attributeName=x dur=1s>`, `<svg><a xlink:href="javascript:${RUN}"><text>x</text></a></svg>`, `<svg><use href="data:image/svg+xml,<svg onload='${RUN}'/>"/></svg>`,
  `<math><mi xlink:href="javascript:${RUN}">x</mi></math>`, `<body onload=${RUN}>`, `<iframe src="javascript:${RUN}"></iframe>`, `<iframe srcdoc="<script>parent.__ran=1</script>"></iframe>`,
  `<object data="javascript:${RUN}"></object>`, `<embed src="javascript:${RUN}">`, `<video src=x onerror=${RUN}></video>`, `<audio src=x onerror=${RUN}></audio>`, `<details open ontoggle=${RUN}>x</details>`,
  `<input autofocus onfocus=${RUN}>`, `<select autofocus onfocus=${RUN}></select>`, `<textarea autofocus onfocus=${RUN}></textarea>`, `<marquee onstart=${RUN}>x</marquee>`,
  `<form action="javascript:${RUN}"><button>x</button></form>`, `<button formaction="javascript:${RUN}">x</button>`, `<a href="javascript:${RUN}">x</a>`, `<a href="data:text/html,<script>${RUN}</script>">x</a>`,
  `<base href="https://evil.example/">`, `<meta http-equiv=refresh content="0;url=javascript:${RUN}">`, `<link rel=stylesheet href="https://evil.example/x.css">`, `<style>*{background:url(https://evil.example/)}</style>`, `<style>@import 'https://evil.example/x.css';</style>`,
  `<template><script>${RUN}</script></template>`, `<noscript><p title="</noscript><img src=x onerror=${RUN}>">`, `<div style="background:url(javascript:${RUN})">x</div>`, `<p onpointerenter=${RUN} style=position:fixed;inset:0>x</p>`,
  `javascript:${RUN}`, `JaVaScRiPt:${RUN}`, `java\tscript:${RUN}`, `vbscript:${RUN}`, `data:text/html,<script>${RUN}</script>`, `data:text/html;base64,PHNjcmlwdD53aW5kb3cuX19yYW49MTwvc2NyaXB0Pg==`, `blob:https://evil.example/x`, `file:///etc/passwd`,
  `{${RUN}}`, `{{${RUN}}}`, `{{constructor.constructor('${RUN}')()}}`, `\${${RUN}}`, `<%= ${RUN} %>`, `{@html "<img src=x onerror=${RUN}>"}`, `{#if ${RUN}}x{/if}`, `__proto__`, `constructor`, `{name}`, `{count}`,
  `https://evil.example"onclick="${RUN}`, `https://evil.example'onclick='${RUN}`, `https://evil.example/<script>${RUN}</script>`, `https://example.org@evil.example/`, `https://ex\u0430mple.org/`, `https://example.org\u202e/gro.live//:sptth`, `http://[::1]:7440/"><img src=x onerror=${RUN}>`, `https://evil.example/javascript:${RUN}`,
];

/** Ways out of an attribute, an element, a comment, a script or a string, and into another encoding. @type {readonly ((vector: string) => string)[]} */
const wraps = [
  (v) => v,
  (v) => `">${v}`,
  (v) => `'>${v}<'`,
  (v) => `</textarea></title></style></script>${v}`,
  (v) => `--><!-- -->${v}<!--`,
  (v) => `]]>${v}<![CDATA[`,
  (v) => `\`;${v}//\``,
  (v) => encodeURI(v),
  (v) => v.replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
];

/** Writing that turns, hides, stacks or overflows. @type {readonly string[]} */
const writings = [
  '\u202eexe.doc', '\u202dAnn\u202c', '\u2066\u2067\u2068Ann', 'Ann\u2069\u2069\u2069', '\u200b\u200c\u200d\ufeff', 'A\u200bn\u200bn', '\u061cAnn\u200f', 'שלום עולם', 'مرحبا بالعالم', 'Ann שירה Bob', '\u0000\u0001\u001b[31mred',
  'Z\u0334\u0321\u031b\u0353\u0319'.repeat(60), 'a'.repeat(4096), '長'.repeat(1300), '👩‍👩‍👧‍👦'.repeat(150), '\n'.repeat(400), ' \t '.repeat(300), '\u{e0041}\u{e0042}', '﷽'.repeat(50), 'ﷺ', '\ud800', '\udfff\ud800', '%00%0d%0a', 'Ann\r\nSet-Cookie: a=b', '../../etc/passwd', `'; DROP TABLE names; --`, 'NaN', 'null', 'undefined', '[object Object]', '-1', '1e309', 'https://' + 'a.'.repeat(1500) + 'org/',
];

/** @type {readonly string[]} */
export const hostile = [...vectors.flatMap((vector) => wraps.map((wrap) => wrap(vector))), ...writings];

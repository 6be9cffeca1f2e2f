/** The attribution of a base layer: text and links. The attribute may come from anywhere, so no other markup gets through. */

const LINK = /<a\b[^>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))[^>]*>([\s\S]*?)<\/a\s*>/gi;

/**
 * Return an attribution as markup that holds text and links to web pages, and nothing else. What it is made of is put in as
 * text. It is not parsed by the browser: even in a template or by DOMParser, an `onerror` is reported as a violation of
 * the content security policy (Chromium 156).
 */
export function safeCredit(markup: string): string {
  const safe = document.createElement('span');
  let end = 0;
  for (const link of markup.matchAll(LINK)) {
    safe.append(plain(markup.slice(end, link.index)));
    end = link.index + link[0].length;
    const address = decoded(link[1] ?? link[2] ?? link[3] ?? '');
    const text = plain(link[4] ?? '');
    safe.append(/^https?:\/\//i.test(address) ? anchor(address, text) : text);
  }
  safe.append(plain(markup.slice(end)));
  return safe.innerHTML;
}

function anchor(address: string, text: string): HTMLAnchorElement {
  const link = document.createElement('a');
  link.href = address;
  link.target = '_blank';
  link.rel = 'noopener';
  link.textContent = text;
  return link;
}

/** Return the text of markup. */
function plain(markup: string): string {
  return decoded(markup.replace(/<(script|style)\b[\s\S]*?<\/\1\s*>/gi, '').replace(/<\/?[a-z!][^>]*>/gi, ''));
}

/** Return text with its entities as characters; inside a textarea nothing is markup. */
function decoded(text: string): string {
  const area = document.createElement('textarea');
  area.innerHTML = text;
  return area.value;
}

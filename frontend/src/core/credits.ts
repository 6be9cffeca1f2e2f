/** The attribution of a base layer: text and links. The attribute may come from anywhere, so no other markup gets through. */

/** Return an attribution as markup that holds text and links to web pages, and nothing else. */
export function safeCredit(markup: string): string {
  // In a template nothing is loaded and no handler is made; DOMParser makes them, which a content security policy reports.
  const template = document.createElement('template');
  template.innerHTML = markup;
  const safe = document.createElement('span');
  copy(template.content, safe);
  return safe.innerHTML;
}

function copy(from: Node, to: HTMLElement): void {
  for (const child of from.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) {
      to.append(child.textContent ?? '');
    } else if (child instanceof HTMLAnchorElement && /^https?:$/.test(child.protocol)) {
      const link = document.createElement('a');
      link.href = child.href;
      link.target = '_blank';
      link.rel = 'noopener';
      link.textContent = child.textContent;
      to.append(link);
    } else if (!(child instanceof HTMLElement) || !['script', 'style', 'template'].includes(child.localName)) {
      copy(child, to);
    }
  }
}

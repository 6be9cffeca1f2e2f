/*
 * What pages written for django-large-image 0.10 know: the globals `imageId`, `baseEndpoint`, `host`, `tileUrl`,
 * `thumbnailUrl` and `baseApi`, and `updateTileUrlOption`. The templates leave their values in a JSON script; a page may
 * also set them in a script of its own, before or after. An element with `data-large-image-legacy` gets its address as
 * soon as it is known.
 */
(() => {
  'use strict';

  const given = document.getElementById('large-image-globals');
  const values = given ? JSON.parse(given.textContent) : {};
  for (const [name, value] of Object.entries(values)) {
    if (window[name] === undefined) window[name] = value;
  }
  if (window.host === undefined) window.host = window.location.origin;
  if (window.baseApi === undefined) window.baseApi = 'api';

  const address = () => {
    const { host, baseEndpoint, imageId } = window;
    if (baseEndpoint === undefined || imageId === undefined) return undefined;
    const path = String(baseEndpoint).replace(/^\/+|\/+$/g, '');
    return `${String(host).replace(/\/+$/, '')}/${path}/${imageId}`;
  };

  const elements = () => document.querySelectorAll('[data-large-image-legacy]');
  /** The options of `updateTileUrlOption` that came before an element. */
  const options = new Map();

  /** Attributes of the elements that options of the tiles' address are. */
  const ATTRIBUTES = { style: 'style-json', projection: 'projection', frame: 'frame', resampling: 'resampling' };

  const apply = (element, option, value) => {
    const attribute = ATTRIBUTES[option];
    if (attribute) {
      if (value === undefined || value === null) element.removeAttribute(attribute);
      else element.setAttribute(attribute, String(value));
      return;
    }
    const src = new URL(element.getAttribute('src'), window.location.href);
    if (value === undefined || value === null) src.searchParams.delete(option);
    else src.searchParams.set(option, String(value));
    element.setAttribute('src', src.href);
  };

  const fill = () => {
    const src = address();
    if (src === undefined) return;
    if (window.tileUrl === undefined) window.tileUrl = `${src}/tiles/{z}/{x}/{y}.png`;
    if (window.thumbnailUrl === undefined) window.thumbnailUrl = `${src}/data/thumbnail.png`;
    for (const element of elements()) {
      if (element.hasAttribute('src')) continue;
      element.setAttribute('src', src);
      for (const [option, value] of options) apply(element, option, value);
    }
  };

  window.updateTileUrlOption = (option, value) => {
    if (option === undefined) return;
    options.set(option, value);
    fill();
    for (const element of elements()) {
      if (element.hasAttribute('src')) apply(element, option, value);
    }
  };

  fill();
  if (document.readyState === 'loading') {
    // Elements are defined by deferred scripts, after all of the page was parsed: they find their address.
    const observer = new MutationObserver(fill);
    observer.observe(document, { childList: true, subtree: true });
    document.addEventListener('DOMContentLoaded', () => {
      observer.disconnect();
      fill();
    });
  }
})();

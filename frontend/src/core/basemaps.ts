/** The layers below the image that a project offers: `base-layers` holds them as JSON. */

export interface BaseLayer {
  name: string;
  /** With {z}, {x} and {y} (or {-y}). */
  url: string;
  attribution?: string;
}

/** Return the layers that a JSON text lists; what is no layer is left out with a warning, for who writes the page. */
export function parseBaseLayers(text: string | null): BaseLayer[] {
  if (!text) return [];
  let listed: unknown;
  try {
    listed = JSON.parse(text);
  } catch {
    console.warn('base-layers is not JSON:', text);
    return [];
  }
  if (!Array.isArray(listed)) {
    console.warn('base-layers is not a list:', text);
    return [];
  }
  return listed.filter((one: unknown): one is BaseLayer => {
    const layer = (one ?? {}) as Record<string, unknown>;
    const good = typeof layer.name === 'string' && layer.name !== '' && typeof layer.url === 'string' && layer.url !== '';
    if (!good) console.warn('base-layers: a layer has a name and a url:', one);
    return good;
  });
}

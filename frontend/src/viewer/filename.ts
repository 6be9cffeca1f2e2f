/** What can be downloaded, and under which name. */
export type Kind = 'png' | 'tif' | 'styled-tif';

/** Name a file by the last part of the image's address. */
export function fileName(src: string, kind: Kind): string {
  const path = src.replace(/[?#].*$/, '').replace(/\/+$/, '');
  const last = path.slice(path.lastIndexOf('/') + 1).replace(/[^\w.-]+/g, '-');
  return `${last ? `image-${last}` : 'image'}.${kind === 'png' ? 'png' : 'tif'}`;
}

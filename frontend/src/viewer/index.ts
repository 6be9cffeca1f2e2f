/** Define `<large-image-viewer>`. */
import {LargeImageViewer} from './viewer.ts';

export {LargeImageViewer};

// A page may have the script twice, by two tags or in two versions: the first one counts.
if (!customElements.get('large-image-viewer')) customElements.define('large-image-viewer', LargeImageViewer);

declare global {
  interface HTMLElementTagNameMap {
    'large-image-viewer': LargeImageViewer;
  }
}

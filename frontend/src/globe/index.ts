/** Defines `<large-image-globe>`. */
import {LargeImageGlobe} from './element.ts';

export {LargeImageGlobe};

// Two bundles of one page, or two versions, must not end in an error.
if (!customElements.get('large-image-globe')) customElements.define('large-image-globe', LargeImageGlobe);

/** The pictures on the globe's buttons. */
import {svg, type SVGTemplateResult} from 'lit';

export const icons: Record<'plus' | 'minus' | 'fit' | 'north' | 'sun' | 'full', SVGTemplateResult> = {
  plus: svg`<path d="M12 5v14M5 12h14"/>`,
  minus: svg`<path d="M5 12h14"/>`,
  fit: svg`<rect x="7" y="8" width="10" height="8"/><path d="M3 7V4h4M17 4h4v3M21 17v3h-4M7 20H3v-3"/>`,
  north: svg`<path d="M12 3l5 17-5-4-5 4z"/>`,
  sun: svg`<circle cx="12" cy="12" r="4"/><path d="M12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2"/>`,
  full: svg`<path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5"/>`,
};
